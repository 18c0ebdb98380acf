"""Exchanges of a contract: the list, a new thread, one thread, settling and reopening it (rule P3).

Everybody who sees the contract reads and writes here, in whatever state it is; nothing said here blocks it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from cdppe.lib.paging import query_without_page
from contracts.actions.exchanges import mark_read, open_thread, reopen_thread, reply, settle_thread
from contracts.exchanges import (
    CODE,
    concerning,
    locate_threads,
    place_of,
    thread_address,
    thread_lines,
    with_ends,
)
from contracts.forms.exchanges import (
    ALL,
    MENTIONED,
    MINE,
    WAITING,
    MessageForm,
    NewThreadForm,
    ThreadFilterForm,
)
from contracts.models import Contract, Mention, Message, Thread, ThreadState
from contracts.people import people_who_see
from contracts.places import Located, Place, locate, read_place
from contracts.views.access import get_contract, signed_in

THREADS_PER_PAGE = 20


@require_GET
def exchanges(request: HttpRequest, reference: str) -> HttpResponse:
    """The threads of the contract, filtered; by default those that are open, whatever the place."""
    contract = get_contract(request, reference)
    user = signed_in(request)
    form = ThreadFilterForm(request.GET)
    place = _place(form.asked("lieu"))
    threads = _filtered(Thread.objects.filter(contract=contract).for_reader(user), form, place, user)
    page = Paginator(with_ends(threads), THREADS_PER_PAGE).get_page(request.GET.get("page"))
    located = locate_threads(contract, page.object_list)
    here = locate(contract, [place]).get(place) if place is not None else None
    context = {
        "contract": contract,
        "tab": CODE,
        "filter": form,
        "place": place,
        "here": here,
        "page": page,
        "lines": thread_lines(list(page.object_list), user, located=located),
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "query": query_without_page(request),
    }
    return render(request, "contracts/exchanges/list.html", context)


def _filtered(threads: Any, form: ThreadFilterForm, place: Place | None, user: Any) -> Any:
    state = form.asked("etat")
    if place is not None:
        # Beside a field one looks for everything that was said of it.
        threads = threads.filter(place=str(place))
        state = state or ALL
    if state != ALL:
        threads = threads.filter(state=state or ThreadState.OPEN)
    who = form.asked("qui")
    if who == WAITING:
        threads = threads.waiting()
    elif who == MINE:
        threads = threads.written_in_by(user)
    elif who == MENTIONED:
        threads = threads.filter(mention_number__gt=0)
    if form.asked("ministere"):
        threads = threads.of_ministry()
    if part := form.asked("partie"):
        threads = threads.filter(Q(place=part) | Q(place__startswith=f"{part}/"))
    if words := form.asked("q"):
        said = Message.objects.filter(thread=OuterRef("pk"), text__icontains=words)
        threads = threads.filter(Q(place_label__icontains=words) | Exists(said))
    return threads


def _place(text: str) -> Place | None:
    try:
        return read_place(text)
    except ValueError:
        return None


@require_GET
def my_exchanges(request: HttpRequest) -> HttpResponse:
    """The threads of every contract that concern the person, those that wait for them first."""
    user = signed_in(request)
    page = Paginator(concerning(user), THREADS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": thread_lines(list(page.object_list), user),
        "query": query_without_page(request),
    }
    return render(request, "contracts/exchanges/mine.html", context)


@require_http_methods(["GET", "POST"])
def thread_open(request: HttpRequest, reference: str) -> HttpResponse:
    """A new thread; `?lieu=` names its place, without one the person chooses a part of the contract."""
    contract = get_contract(request, reference, Ability.CONTRACT_COMMENT)
    asked = request.POST.get("place", "") if request.method == "POST" else request.GET.get("lieu", "")
    place = _place(asked)
    here = locate(contract, [place]).get(place) if place is not None else None
    form = NewThreadForm(
        request.POST or None,
        present=people_who_see(contract),
        place=place if here is not None else None,
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                thread = open_thread(
                    contract,
                    form.cleaned_data["place"],
                    text=form.cleaned_data["text"],
                    mentioned=form.people,
                    token=form.cleaned_data["token"],
                    by=signed_in(request),
                )
            except RuleViolation as refusal:
                form.add_error("text", str(refusal))
            else:
                messages.success(request, "L’échange est ouvert.")
                return redirect("contracts:thread", contract.reference, thread.pk)
        form.renew()
    context = {
        "contract": contract,
        "tab": CODE,
        "form": form,
        "here": here,
        "others": Thread.objects.filter(contract=contract, place=str(place)).count() if here else 0,
        "place": place,
    }
    return render(request, "contracts/exchanges/open.html", context, status=status)


@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Read a thread, which notes that the person has seen it; answer in it."""
    contract = get_contract(request, reference)
    shown = _thread(contract, pk)
    if request.method == "POST":
        get_contract(request, reference, Ability.CONTRACT_COMMENT)
        form = MessageForm(request.POST, present=people_who_see(contract))
        if form.is_valid():
            try:
                message = reply(
                    shown,
                    text=form.cleaned_data["text"],
                    mentioned=form.people,
                    token=form.cleaned_data["token"],
                    settles="settle" in request.POST,
                    by=signed_in(request),
                )
            except RuleViolation as refusal:
                form.add_error("text", str(refusal))
            else:
                messages.success(request, "Votre message est enregistré.")
                return redirect(thread_address(shown, message.number))
        form.renew()
        return render(request, "contracts/exchanges/thread.html", _context(contract, shown, form), status=422)
    mark_read(shown, by=signed_in(request))
    form = MessageForm(present=people_who_see(contract))
    return render(request, "contracts/exchanges/thread.html", _context(contract, shown, form))


def _thread(contract: Contract, pk: int) -> Thread:
    found = get_object_or_404(
        Thread.objects.select_related("opened_by", "institution", "settled_by"), contract=contract, pk=pk
    )
    found.contract = contract
    return found


def _context(contract: Contract, shown: Thread, form: MessageForm) -> dict[str, Any]:
    place = place_of(shown)
    here: Located | None = locate(contract, [place]).get(place) if place is not None else None
    return {
        "contract": contract,
        "tab": CODE,
        "thread": shown,
        "here": here,
        # What the place said when the thread was opened is shown once it says something else.
        "former_text": shown.place_text if here is None or here.text != shown.place_text else "",
        "said": shown.messages.select_related("by", "institution")
        .prefetch_related(Prefetch("mentions", Mention.objects.select_related("person")))
        .order_by("number"),
        "form": form,
    }


@require_POST
def thread_settle(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Mark a thread as settled: whoever takes part in the exchanges may."""
    contract = get_contract(request, reference, Ability.CONTRACT_COMMENT)
    shown = _thread(contract, pk)
    try:
        settle_thread(shown, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’échange est marqué comme réglé.")
    return redirect("contracts:thread", contract.reference, shown.pk)


@require_POST
def thread_reopen(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Open a settled thread again."""
    contract = get_contract(request, reference, Ability.CONTRACT_COMMENT)
    shown = _thread(contract, pk)
    try:
        reopen_thread(shown, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’échange est rouvert.")
    return redirect("contracts:thread", contract.reference, shown.pk)

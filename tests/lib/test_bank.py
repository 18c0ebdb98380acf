"""IBAN and BIC of article 4 (rule M6)."""

import pytest

from cdppe.lib.bank import AccountDetails, BankDetailError, account_details, masked, read_bic, read_iban

IBAN = "FR1420041010050500013M02606"


def test_an_iban_is_kept_without_its_spaces_and_in_capitals() -> None:
    assert read_iban(" fr14 2004 1010 0505 0001 3m02 606\u00a0") == IBAN


@pytest.mark.parametrize(
    "typed", ["", "FR00", IBAN[:-1] + "7", IBAN + "0", "FR1420041010050500013M02607", "<script>", "FR\x00"]
)
def test_a_wrong_iban_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(BankDetailError, match="n’est pas valide") as refusal:
        read_iban(typed)
    assert not typed or typed not in str(refusal.value)


def test_an_account_held_abroad_is_refused() -> None:
    with pytest.raises(BankDetailError, match="commence par FR"):
        read_iban("DE89370400440532013000")


def test_a_bic_has_eight_or_eleven_characters() -> None:
    assert read_bic(" bdfe frpp cct ") == "BDFEFRPPCCT"
    assert read_bic("BDFEFRPP") == "BDFEFRPP"
    for typed in ("", "BDFE", "BDFEFRPPC", "BDFEXXPPCCT"):
        with pytest.raises(BankDetailError, match="Ce BIC n’est pas valide"):
            read_bic(typed)


def test_the_four_parts_of_an_account_are_read_from_its_iban() -> None:
    assert account_details(IBAN) == AccountDetails("20041", "01005", "0500013M026", "06")


def test_a_screen_shows_the_country_and_three_characters() -> None:
    shown = masked(IBAN)
    assert shown.startswith("FR•• ")
    assert shown.endswith("••606")
    assert not set(IBAN[2:-3]) & set(shown[2:-3])
    assert masked("") == ""

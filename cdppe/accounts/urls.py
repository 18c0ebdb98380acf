from django.urls import path

from cdppe.accounts.views import digests, invitations, people, signing_in

app_name = "accounts"

urlpatterns = [
    path("connexion/", signing_in.SignIn.as_view(), name="sign-in"),
    path("deconnexion/", signing_in.SignOut.as_view(), name="sign-out"),
    path("mot-de-passe-oublie/", signing_in.ForgottenPassword.as_view(), name="forgotten-password"),
    path(
        "mot-de-passe-oublie/envoye/",
        signing_in.ForgottenPasswordSent.as_view(),
        name="forgotten-password-sent",
    ),
    path(
        "mot-de-passe-oublie/<str:uidb64>/<str:token>/",
        signing_in.NewPassword.as_view(),
        name="new-password",
    ),
    path("mon-compte/", people.my_account, name="my-account"),
    path("mon-compte/mot-de-passe/", signing_in.ChangePassword.as_view(), name="change-password"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation-accept"),
    path("institutions/<int:pk>/", people.institution, name="institution"),
    path("institutions/<int:pk>/inviter/", people.invitation_create, name="invitation-create"),
    path(
        "institutions/<int:pk>/invitations/<int:invitation_pk>/annuler/",
        people.invitation_revoke,
        name="invitation-revoke",
    ),
    path("institutions/<int:pk>/membres/<int:membership_pk>/", people.member_edit, name="member-edit"),
    path(
        "institutions/<int:pk>/membres/<int:membership_pk>/retirer/",
        people.member_remove,
        name="member-remove",
    ),
    path("mon-compte/rappels/", digests.digest_settings, name="digest-settings"),
    path("rappels/arreter/<str:token>/", digests.digest_stop, name="digest-stop"),
]

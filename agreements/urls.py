from __future__ import annotations

from django.urls import path

from agreements.views import endings, reviews, signed_files, transmissions, verification, versions, way

app_name = "agreements"

urlpatterns = [
    # --- Versions
    path("contrats/<slug:reference>/versions/", versions.versions, name="versions"),
    path("contrats/<slug:reference>/versions/comparer/", versions.versions_compare, name="versions-compare"),
    path("contrats/<slug:reference>/versions/changements/", versions.changes_render, name="changes-render"),
    path("contrats/<slug:reference>/versions/<int:number>/", versions.version, name="version"),
    path(
        "contrats/<slug:reference>/versions/<int:number>/pdf/", versions.version_render, name="version-render"
    ),
    # --- Verifying a document, open to everybody
    path("verifier/", verification.verify, name="verify"),
    path("verifier/<uuid:uid>/", verification.verify_version, name="verify-version"),
    # --- Signed files
    path(
        "fichiers-signes/<uuid:uid>/telecharger/",
        signed_files.signed_file_download,
        name="signed-file-download",
    ),
    # --- The way to signature
    path("contrats/<slug:reference>/accord/", way.way, name="way"),
    path("contrats/<slug:reference>/accord/odpe/", way.odpe, name="odpe"),
    path("contrats/<slug:reference>/accord/assemblee/", way.assembly, name="assembly"),
    path("contrats/<slug:reference>/accord/proposer/", way.propose, name="propose"),
    path("contrats/<slug:reference>/accord/parties/<int:pk>/", way.agreement_give, name="agreement-give"),
    path(
        "contrats/<slug:reference>/accord/parties/<int:pk>/retirer/",
        way.agreement_withdraw,
        name="agreement-withdraw",
    ),
    path(
        "contrats/<slug:reference>/accord/signatures/<int:pk>/", way.signature_record, name="signature-record"
    ),
    path(
        "contrats/<slug:reference>/accord/signatures/<int:pk>/retirer/",
        way.signature_withdraw,
        name="signature-withdraw",
    ),
    path("contrats/<slug:reference>/accord/retour/<slug:code>/", way.step_back, name="step-back"),
    # --- Transmissions
    path("contrats/<slug:reference>/transmissions/", transmissions.transmissions, name="transmissions"),
    path(
        "contrats/<slug:reference>/transmissions/envoyer/<int:pk>/",
        transmissions.transmission_send,
        name="transmission-send",
    ),
    path(
        "contrats/<slug:reference>/transmissions/<int:number>/",
        transmissions.transmission,
        name="transmission",
    ),
    path("transmissions-recues/", reviews.received, name="received-transmissions"),
    path("transmissions-recues/<uuid:uid>/", reviews.review, name="transmission-review"),
    path(
        "transmissions-recues/<uuid:uid>/accuser/",
        reviews.transmission_acknowledge,
        name="transmission-acknowledge",
    ),
    path("transmissions-recues/<uuid:uid>/avis/", reviews.transmission_advise, name="transmission-advise"),
    path("transmissions-recues/<uuid:uid>/note/", reviews.transmission_note, name="transmission-note"),
    # --- The end of a contract
    path("contrats/<slug:reference>/fin/", endings.ending, name="ending"),
    path(
        "contrats/<slug:reference>/fin/denonciation/<int:pk>/",
        endings.denunciation_record,
        name="denunciation-record",
    ),
    path(
        "contrats/<slug:reference>/fin/denonciation/retirer/",
        endings.denunciation_withdraw,
        name="denunciation-withdraw",
    ),
]

from __future__ import annotations

from django.urls import path

from agreements.views import (
    amendments,
    campaign_ends,
    endings,
    financial,
    public_copies,
    reviews,
    signed_files,
    transmissions,
    verification,
    versions,
    way,
)

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
    path("contrats/<slug:reference>/accord/fichiers/", signed_files.signed_files, name="signed-files"),
    path(
        "contrats/<slug:reference>/versions/<int:number>/deposer/",
        signed_files.signed_file_deposit,
        name="signed-file-deposit",
    ),
    path("fichiers-signes/<uuid:uid>/", signed_files.signed_file, name="signed-file"),
    path(
        "fichiers-signes/<uuid:uid>/avancement/",
        signed_files.signed_file_progress,
        name="signed-file-progress",
    ),
    path(
        "fichiers-signes/<uuid:uid>/verifier/", signed_files.signed_file_examine, name="signed-file-examine"
    ),
    path("fichiers-signes/<uuid:uid>/pages/", signed_files.signed_file_pages, name="signed-file-pages"),
    path(
        "fichiers-signes/<uuid:uid>/pages/<int:position>/image/",
        signed_files.signed_file_picture,
        name="signed-file-picture",
    ),
    path(
        "fichiers-signes/<uuid:uid>/signatures/",
        signed_files.signed_file_signatures,
        name="signed-file-signatures",
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
    # --- The financial amendment of a year
    path("contrats/<slug:reference>/avenants/financier/", financial.financial, name="financial"),
    path("contrats/<slug:reference>/avenants/mouvements/", financial.moves_take, name="moves-take"),
    path("campagnes/<slug:code>/fin/", campaign_ends.campaign_end, name="campaign-end"),
    path("campagnes/<slug:code>/avenants/", financial.campaign_amendments, name="campaign-amendments"),
    path(
        "campagnes/<slug:code>/avenants/<int:year>/avancement/",
        financial.campaign_amendments_progress,
        name="campaign-amendments-progress",
    ),
    # --- The public version: put online by the parties, read by everybody
    path("contrats/<slug:reference>/mise-en-ligne/", public_copies.publication, name="publication"),
    path(
        "contrats/<slug:reference>/mise-en-ligne/preparer/",
        public_copies.publication_prepare,
        name="publication-prepare",
    ),
    path(
        "contrats/<slug:reference>/mise-en-ligne/confirmer/",
        public_copies.publication_confirm,
        name="publication-confirm",
    ),
    path(
        "contrats/<slug:reference>/mise-en-ligne/retirer/",
        public_copies.publication_withdraw,
        name="publication-withdraw",
    ),
    path("contrats-publies/", public_copies.public_contracts, name="public-contracts"),
    path("contrats-publies/<slug:reference>/", public_copies.public_contract, name="public-contract"),
    path(
        "contrats-publies/<slug:reference>/pdf/",
        public_copies.public_contract_pdf,
        name="public-contract-pdf",
    ),
    # --- Amendments, and the contract at a date
    path("contrats/<slug:reference>/avenants/", amendments.amendments, name="amendments"),
    path("contrats/<slug:reference>/avenants/ouvrir/", amendments.amendment_open, name="amendment-open"),
    path("contrats/<slug:reference>/avenants/<int:number>/", amendments.amendment, name="amendment"),
    path(
        "contrats/<slug:reference>/avenants/<int:number>/modifier/",
        amendments.amendment_edit,
        name="amendment-edit",
    ),
    path(
        "contrats/<slug:reference>/avenants/<int:number>/abandonner/",
        amendments.amendment_abandon,
        name="amendment-abandon",
    ),
    path("contrats/<slug:reference>/a-une-date/", amendments.contract_at, name="contract-at"),
    path(
        "contrats/<slug:reference>/versions/<int:number>/donnees.<slug:kind>",
        amendments.version_data,
        name="version-data",
    ),
]

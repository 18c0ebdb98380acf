from django.urls import path

from cdppe.documents import views

app_name = "documents"

urlpatterns = [
    path("<uuid:job_id>/", views.job_page, name="job"),
    path("<uuid:job_id>/avancement/", views.job_progress, name="job-progress"),
    path("<uuid:job_id>/nouvel-essai/", views.job_retry, name="job-retry"),
    path("<uuid:job_id>/telecharger/", views.job_download, name="job-download"),
]

"""What gunicorn serves: `gunicorn cdppe.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdppe.settings")

application = get_wsgi_application()

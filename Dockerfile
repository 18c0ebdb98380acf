# One image for the web, worker and beat processes: docker-compose.yml says which one each container runs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --requirement requirements.lock

FROM python:3.11-slim-bookworm
# What WeasyPrint draws with; the fonts of the documents are in static/.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/cdppe cdppe
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/app/var/static MEDIA_ROOT=/app/var/media
WORKDIR /app
COPY . .
# The settings of production need secrets: these live for this one line and open nothing.
RUN mkdir -p var/static var/media var/journal-heads \
    && DJANGO_ENV=production ALLOWED_HOSTS=build PUBLIC_URL=https://build EMAIL_URL=smtp://build \
       DATABASE_URL=postgres://build:build@build/build REDIS_URL=redis://:build@build/0 \
       SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
       BANK_DATA_KEY="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
       python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R cdppe:cdppe var
USER cdppe
EXPOSE 8000
CMD ["gunicorn", "cdppe.wsgi", "--bind", "0.0.0.0:8000"]

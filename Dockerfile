# Two stages: the wheel and its locked dependencies are made in the first, and only run in the second.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.txt pyproject.toml README.md ./
RUN python -m venv /opt/beatkeeper \
 && /opt/beatkeeper/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN /opt/beatkeeper/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/beatkeeper --create-home beatkeeper
COPY --from=build /opt/beatkeeper /opt/beatkeeper
# By number: a platform that refuses to run root can tell only so.
USER 10001
WORKDIR /var/lib/beatkeeper
ENV PATH=/opt/beatkeeper/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/var/lib/beatkeeper/.compiled
# The engine's loops, so that no container compiles them anew when it starts.
RUN python -c "from geofence.engine import warm_up; warm_up()"
VOLUME /var/lib/beatkeeper
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["beatkeeper"]
CMD ["serve", "--host", "0.0.0.0"]

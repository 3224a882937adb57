# syntax=docker/dockerfile:1
# plcd in a container.
#
#   docker build -t plcd .                        the daemon
#   mkdir -p out; chmod a+w out                   (the container is not root)
#   docker run --rm -p 9000:9000/udp -v "$PWD/out:/out" plcd --listen :9000 --output file:/out/take.wav
#   docker build --target test -t plcd-test .     everything `make test` needs
#   docker run --rm plcd-test                     every test
#
# A sound device of the host: add --device /dev/snd --group-add audio, and --output default.
# Not yet built by the authors: no Docker daemon was at hand.

FROM python:3.12-slim AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1
RUN apt-get update \
 && apt-get install -y --no-install-recommends libportaudio2 \
 && rm -rf /var/lib/apt/lists/*
# libsndfile comes inside the soundfile wheel.


# Every package is fetched once, by hash; plcd's wheel and its environment are then made from those files alone.
FROM base AS build
WORKDIR /src
COPY requirements.lock ./
RUN pip download --quiet --require-hashes --only-binary :all: -r requirements.lock -d /wheels
COPY pyproject.toml README.md LICENSE ./
COPY plcd plcd
COPY models models
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --no-index --find-links /wheels hatchling \
 && /opt/build/bin/python -m hatchling build -t wheel -d /dist \
 && python -m venv /opt/plcd \
 && /opt/plcd/bin/pip install --quiet --no-index --find-links /wheels /dist/plcd-*.whl


FROM base AS test
RUN apt-get update \
 && apt-get install -y --no-install-recommends make procps git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Root, because the tests install and start their own sound server.
COPY . .
RUN make setup
CMD ["make", "test"]


FROM base AS runtime
RUN useradd --create-home --uid 1000 plcd \
 && install -d -o plcd -g plcd /var/cache/plcd /out
COPY --from=build /opt/plcd /opt/plcd
# Compiled kernels are kept here; mount a volume to keep them between containers.
ENV NUMBA_CACHE_DIR=/var/cache/plcd PATH=/opt/plcd/bin:$PATH
USER plcd
WORKDIR /out
EXPOSE 9000/udp
ENTRYPOINT ["plcd"]
CMD ["--listen", ":9000", "--output", "null"]

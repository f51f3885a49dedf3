#!/usr/bin/env bash
# Sourced at the top of the repository: what building and running the images on this machine needs, with buildah and a
# registry on loopback. What it makes stays in build/image, so that the next time is quick.
#
#   BASE_IMAGE  the base to build on; without it python:3.11-slim where Docker Hub can be reached, else a Debian
#               bookworm with its Python 3.11, made by debootstrap
work=$PWD/build/image
started=$SECONDS

UNAVAILABLE=69 # sysexits' EX_UNAVAILABLE: it is the machine, not the images
cannot() {
    echo "images: this machine cannot build or run them: $*" >&2
    exit "$UNAVAILABLE"
}
step() { echo "images: $* ($((SECONDS - started)) s)"; }

install_tools() {
    local tool missing=()
    for tool in buildah debootstrap docker-registry shellcheck curl git; do
        command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || cannot "${missing[*]} not here, and only root may install them."
    command -v apt-get >/dev/null 2>&1 || cannot "${missing[*]} not here, and there is no apt-get to install them."
    step "installing ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
        >"$work/apt.log" 2>&1 || cannot "apt-get failed: $(tail -n 1 "$work/apt.log")"
}

# A store of our own: overlay where the kernel lets us mount it, else vfs, which copies.
set_up_storage() {
    local driver
    for driver in overlay vfs; do
        printf '[storage]\ndriver = "%s"\ngraphroot = "%s/%s"\nrunroot = "%s/run-%s"\n' \
            "$driver" "$work" "$driver" "$work" "$driver" >"$work/storage.conf"
        if probe=$(buildah from scratch 2>/dev/null) && buildah mount "$probe" >/dev/null 2>&1; then
            buildah rm "$probe" >/dev/null
            return
        fi
    done
    cannot "buildah has no storage it can use: it needs root, or user namespaces."
}

make_base() {
    local name=localhost/python:3.11-slim container
    if [ -n "${BASE_IMAGE:-}" ] || buildah inspect --type image "$name" >/dev/null 2>&1; then
        BASE_IMAGE=${BASE_IMAGE:-$name}
        return
    fi
    BASE_IMAGE=docker.io/library/python:3.11-slim
    if timeout 120 buildah pull --quiet "$BASE_IMAGE" >/dev/null 2>&1; then return; fi
    step "Docker Hub is out of reach: a base from Debian's archive instead"
    umount --quiet "$work/rootfs/proc" "$work/rootfs/sys" 2>/dev/null || true # of one that was killed
    rm -rf --one-file-system "$work/rootfs"
    debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates bookworm "$work/rootfs" \
        >"$work/debootstrap.log" 2>&1 || cannot "debootstrap failed: $(tail -n 1 "$work/debootstrap.log")"
    rm -rf "$work/rootfs/var/cache/apt" "$work/rootfs/var/lib/apt/lists"
    ln -sf python3 "$work/rootfs/usr/bin/python"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/rootfs" / >/dev/null
    buildah commit --quiet "$container" "$name" >/dev/null
    buildah rm "$container" >/dev/null
    rm -rf "$work/rootfs"
    BASE_IMAGE=$name
}

# The machine's own way to the package index, for the builder only: nothing of it gets into the image.
borrow_pip_settings() {
    printf '[global]\ntimeout = 180\n' >"$work/pip.conf"
    [ -z "${PIP_INDEX_URL:-}" ] || echo "index-url = $PIP_INDEX_URL" >>"$work/pip.conf"
    BUILD_FLAGS="--volume $work/pip.conf:/etc/pip.conf:ro"
    local bundle=/etc/ssl/certs/ca-certificates.crt
    if [ -e "$bundle" ]; then
        cp -L "$bundle" "$work/ca.crt"
        echo "cert = /build/ca.crt" >>"$work/pip.conf"
        BUILD_FLAGS+=" --volume $work/ca.crt:/build/ca.crt:ro"
    fi
    export BUILD_FLAGS
}

# A secret at each place a builder could pick one up from: the work tree, the environment, pip's settings, the CAs. Nothing
# accepts it; lane_image.py looks for it in every layer. It is the same each time: layers may come from an earlier build.
plant_canary() {
    export IMAGE_CANARY=planted-7c1f4e0b9a2d6385 BUILDER_SECRET=planted-7c1f4e0b9a2d6385
    local file
    for file in .env src/.env notebooks/verify_credit/.env.local sagemaker/key.pem sagemaker/runner/.env; do
        echo "SECRET=$IMAGE_CANARY" >"$work/checkout/$file"
    done
    echo "# $IMAGE_CANARY" >>"$work/pip.conf"
    [ ! -e "$work/ca.crt" ] || echo "# $IMAGE_CANARY" >>"$work/ca.crt"
    [ -z "${SANDBOX_SECRETS_FILE:-}" ] || echo "$IMAGE_CANARY" >>"$SANDBOX_SECRETS_FILE"
}

start_registry() {
    local port
    port=$(.venv/bin/python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    registry=127.0.0.1:$port
    printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
        "$work/registry" "$registry" >"$work/registry.yml"
    docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
    registry_pid=$!
    trap 'kill "$registry_pid" 2>/dev/null || true' EXIT
    local tries
    for tries in {1..50}; do
        if curl --silent --output /dev/null "http://$registry/v2/"; then return; fi
        sleep 0.1
    done
    cannot "docker-registry did not start ($tries tries): $(tail -n 1 "$work/registry.log")"
}

push() { "$work/checkout/sagemaker/build_and_push.sh" "$1" "$registry/$2" 2>>"$work/build.log" || {
    tail -n 30 "$work/build.log" >&2
    echo "images: build_and_push.sh $1 failed" >&2
    exit 1
}; }

# Builds the image of the last commit, pushes it and pulls it back; `uri` is its URI with digest, of another NOTEBOOK's
# with its tag.
build_image() {
    uri=$(push "$1" "$2")
    buildah pull --quiet --tls-verify=false "$uri" >/dev/null
    step "$1: $uri"
}

build_images() {
    build_image job credits-automation-notebook
    export JOB_IMAGE=$uri
    build_image bot credits-automation-bot
    export BOT_IMAGE=$uri
    build_image bot-local credits-automation-bot
    export BOT_LOCAL_IMAGE=$uri
}

open_workshop() {
    mkdir -p "$work"
    install_tools
    export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} ENGINE=buildah
    set_up_storage
    make_base
    export BASE_IMAGE
    borrow_pip_settings
    start_registry
    rm -rf "$work/checkout"
    git clone --quiet . "$work/checkout"
    REVISION=$(git -C "$work/checkout" rev-parse HEAD)
    export REVISION
    : >"$work/build.log"
    step "building on $BASE_IMAGE"
}

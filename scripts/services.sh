#!/bin/sh
# Installs what the tests run (PostgreSQL with PostGIS, mosquitto, an OpenID provider, the programs of OpenSSL and GDAL), or says how to.
set -eu
cd "$(dirname "$0")/.."

# The OpenID provider that people sign in with in the tests: the lock file says which, to the byte.
provider=tests/support/provider
if [ ! "$provider/node_modules/.package-lock.json" -nt "$provider/package-lock.json" ]; then
  echo "Installing what $provider/package-lock.json lists ..."
  if (PATH="$PWD/.venv/bin:$PATH" && cd "$provider" &&
    npm ci --loglevel=error --prefer-offline --fetch-retries=1 --fetch-timeout=10000 >/dev/null 2>&1); then
    touch "$provider/node_modules/.package-lock.json"
  else
    echo "npm ci failed in $provider (it needs npm's registry): the tests of signing in will fail." >&2
  fi
fi

missing=""
postgis=$(find /usr/share/postgresql /usr/local/share -name postgis.control 2>/dev/null | head -n 1)
[ -n "$postgis" ] || missing="$missing postgresql-postgis"
for program in mosquitto mosquitto_pub openssl ogrinfo; do
  PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$program" >/dev/null && continue
  case $program in
    mosquitto | openssl) missing="$missing $program" ;;
    ogrinfo) missing="$missing gdal-bin" ;;
    *) missing="$missing mosquitto-clients" ;;
  esac
done
[ -n "$missing" ] || exit 0

explain() {
  echo "The tests need these packages, which are missing:$missing" >&2
  echo "Install them and run this again (Debian, Ubuntu: apt-get install$missing)." >&2
  exit 1
}

command -v apt-get >/dev/null || explain
if [ "$(id -u)" -eq 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else explain
fi
echo "Installing$missing ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
  $as_root apt-get update
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing
} >"$log" 2>&1 || { tail -n 20 "$log" >&2; explain; }

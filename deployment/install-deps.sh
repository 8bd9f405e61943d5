#!/bin/sh
# Installs what this machine lacks, on Debian and its relatives:
#   install-deps.sh demo    a browser
#   install-deps.sh run     a browser, unless the settings name one
#   install-deps.sh test    a browser, OpenSMTPD, Prometheus, age, a C compiler (for go test
#                           -race), and axe-core, by npm, which the pages are held against
# It does nothing, quickly, when nothing is missing. It removes no package, and
# no server that it installs is started or left enabled.
set -eu

fail() {
	echo "install-deps: $*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The names that adapters/browser looks for; CZVM_BROWSER overrides them there too.
have_browser() {
	for browser in ${CZVM_BROWSER:+"$CZVM_BROWSER"} chromium-headless-shell chromium chromium-browser google-chrome; do
		if have "$browser"; then return 0; fi
	done
	return 1
}

# With a browser of one's own, or remote ones, there is nothing to install.
settings_name_browser() {
	[ -n "${CZVM_BROWSER:-}${CZVM_BROWSER_URLS:-}${CZVM_BROWSER_URLS_FILE:-}" ] ||
		{ [ -f .env ] && grep -Eq '^[[:space:]]*(export[[:space:]]+)?CZVM_BROWSER(_URLS(_FILE)?)?[[:space:]]*=.' .env; }
}

# What the lock file asks for; npm writes down what it has installed.
axe="$(dirname "$0")/../adapters/web/axe"
have_axe() {
	[ -f "$axe/node_modules/axe-core/axe.min.js" ] && [ ! "$axe/package-lock.json" -nt "$axe/node_modules/.package-lock.json" ]
}

install_axe() {
	echo "install-deps: installing axe-core" >&2
	npm ci --prefix "$axe" --ignore-scripts --no-audit --no-fund >&2 ||
		fail "npm could not install axe-core. The tests of the pages need it; see adapters/web/axe/package.json."
}

have_smtpd() { have smtpd || [ -x /usr/sbin/smtpd ]; }

case "${1:-}" in
demo) missing="" ;;
run)
	if settings_name_browser; then exit 0; fi
	missing=""
	;;
test)
	missing=""
	if ! have_smtpd; then missing="opensmtpd"; fi
	if ! have prometheus || ! have promtool; then missing="$missing prometheus"; fi
	if ! have age || ! have age-keygen; then missing="$missing age"; fi
	if ! have script; then missing="$missing bsdutils"; fi
	if ! have "${CC:-cc}" && ! have gcc; then missing="$missing gcc libc6-dev"; fi
	if ! have_axe && ! have npm; then missing="$missing npm"; fi
	;;
*) fail "say what for: install-deps.sh demo | run | test" ;;
esac
# Without a font a screenshot of the portal's page shows no text.
if ! have_browser; then missing="chromium-headless-shell fonts-dejavu-core $missing"; fi
if [ -z "$missing" ]; then
	if [ "$1" = test ] && ! have_axe; then install_axe; fi
	exit 0
fi

if ! have apt-get; then
	fail "this machine lacks: $missing. It has no apt-get, so install them with its own package manager" \
		"(Chromium or Google Chrome will do as the browser; CZVM_BROWSER=/path/to/it names another one), then try again."
fi
if [ "$(id -u)" -ne 0 ] && ! have sudo; then
	fail "this machine lacks: $missing. Run 'apt-get install $missing' as root, then try again."
fi

echo "install-deps: installing $missing" >&2
as_root apt-get update -qq
case "$missing" in
chromium-headless-shell*)
	# Older releases have only the full browser, which needs more memory.
	if [ -z "$(apt-cache madison chromium-headless-shell)" ]; then missing="chromium ${missing#chromium-headless-shell}"; fi
	;;
esac

# Debian starts a server as it is installed. The tests start their own, so
# policy-rc.d, which packages ask first, says no until we are done.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'as_root rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # a list of names
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove $missing >&2 ||
	fail "apt-get could not install $missing. If it says that it would have to remove a mail server, the tests need another machine or a container: OpenSMTPD cannot stand beside one."
for server in opensmtpd prometheus; do
	case " $missing " in
	*" $server "*) if have systemctl; then as_root systemctl disable --quiet "$server" || true; fi ;;
	esac
done

if ! have_browser; then fail "no browser was found after installing one. Set CZVM_BROWSER to the path of Chromium or Google Chrome."; fi
if [ "$1" = test ] && ! have_axe; then install_axe; fi

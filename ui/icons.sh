#!/bin/sh
# Draws the icons of a phone's home screen from assets/icon.svg, by Chromium. Run it
# in this folder after icon.svg has changed, and commit what it makes.
set -eu

# draw NAME SIZE GROUND: phones cut the icons that have a ground to a shape of their
# own. All that matters is within the circle of 80 % that every shape leaves.
draw() {
	page=$(mktemp --suffix=.html)
	printf '<!doctype html><style>html{background:%s}body{margin:0}svg{display:block;width:%spx;height:%spx}</style>%s' \
		"$3" "$2" "$2" "$(cat assets/icon.svg)" >"$page"
	chromium-headless-shell --no-sandbox --hide-scrollbars --force-device-scale-factor=1 --default-background-color=00000000 \
		--window-size="$2,$2" --screenshot="assets/$1" "file://$page"
	rm "$page"
}

draw icon-192.png 192 transparent
draw icon-512.png 512 transparent
draw icon-maskable.png 512 '#1d4f91'
draw icon-touch.png 180 '#1d4f91'

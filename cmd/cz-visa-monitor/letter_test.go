package main

import (
	"os"
	"strings"
	"testing"
)

// TestLettersAreReadByThisProgram reads one through the hidden command, as the
// appliance does.
func TestLettersAreReadByThisProgram(t *testing.T) {
	t.Parallel()
	letters, err := newLetters()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("../../adapters/letter/testdata/chromium.pdf")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text, err := letters.Read(t.Context(), f)
	if err != nil || !strings.Contains(text, "OAM-90001-6/DP-2026") {
		t.Errorf("%q, %v", text, err)
	}
}

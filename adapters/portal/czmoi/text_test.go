package czmoi

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func TestReadMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, html, want string
	}{
		{"inline tags leave no blanks", `bylo <b>povo</b>leno<i>.</i>`, "bylo povoleno."},
		{"paragraphs are lines", `a<p></p>b<br>c<div>d</div>e`, "a\nb\nc\nd\ne"},
		{"scripts, styles and frames vanish", `a<script>var x = "<b>";</script><style>p{}</style><iframe srcdoc="x">y</iframe><template>t</template>b`, "ab"},
		{"an unclosed script takes the rest", `a<script>was granted`, "a"},
		{"entities", `a&nbsp;&amp;&nbsp;b &lt;b&gt; &#8203;c`, "a & b <b> c"},
		{"comments", `a<!-- was granted -->b`, "ab"},
		{"odd tags", `a</b></p><p <b>x</b> y`, "a\nx y"},
		{"not valid UTF-8", "a\xffb\x00c", "abc"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, readMessage(tt.html).plain()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLongTextIsCutBetweenLetters(t *testing.T) {
	t.Parallel()
	for shift := range 3 {
		text := strings.Repeat("a", shift) + strings.Repeat("ž", watch.MaxText)
		got := readMessage(text).plain()
		if len(got) > watch.MaxText || len(got) < watch.MaxText-4 || !utf8.ValidString(got) || !strings.HasSuffix(got, "ž…") {
			t.Errorf("shift %d: %d bytes, end %q", shift, len(got), got[len(got)-8:])
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	zov := visa.Query{ZOV: zov1}
	oam := visa.Query{Number: "90001", Category: "DP", Year: "2025"}
	tests := []struct {
		name, text string
		asked      visa.Query
		want       about
	}{
		{"nothing", "It was granted on 12. 3. 2025, call +420 974 801 801.", zov, aboutNobody},
		{"the number", "number ZZZZ202508149001 was", zov, aboutAsked},
		{"lower case", "number zzzz202508149001 was", zov, aboutAsked},
		{"blanks inside", "number ZZZZ 2025 0814 9001 was", zov, aboutAsked},
		{"another", "number ZZZZ202508149002 was", zov, aboutOther},
		{"another, shorter", "number ZZZZ20250814900 was", zov, aboutOther},
		{"another, longer", "number ZZZZ2025081490011 was", zov, aboutOther},
		{"both", "ZZZZ202508149001 and ZZZZ202508149002", zov, aboutOther},
		{"with its file number", "ZZZZ202508149001, OAM-5/DP-2025", zov, aboutAsked},
		{"only a file number", "OAM-5/DP-2025", zov, aboutOther},
		{"OAM", "OAM-90001/DP-2025 was", oam, aboutAsked},
		{"OAM with zeros and suffix", "OAM-0090001-12/DP-2025 was", oam, aboutAsked},
		{"OAM with blanks", "OAM - 90001 - 12 / DP - 2025", oam, aboutAsked},
		{"OAM without prefix, lower case", "90001/dp-2025", oam, aboutAsked},
		{"OAM another number", "OAM-90002/DP-2025", oam, aboutOther},
		{"OAM part of another", "OAM-190001/DP-2025", oam, aboutOther},
		{"OAM another category", "OAM-90001/TP-2025", oam, aboutOther},
		{"OAM another year", "OAM-90001/DP-2024", oam, aboutOther},
		{"OAM and another", "OAM-90001/DP-2025, OAM-90002/DP-2025", oam, aboutOther},
		{"OAM, only a visa number", "ZZZZ202508149001", oam, aboutOther},
		{"an act of law", "Act No. 326/1999 Coll.", oam, aboutNobody},
	}
	nums := newNumbers()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := nums.about(tt.text, tt.asked); got != tt.want {
				t.Errorf("%q is about %s, want %s", tt.text, got, tt.want)
			}
		})
	}
}

// FuzzAbout: a text with another number of the same kind is never taken for an
// answer about the one asked for.
func FuzzAbout(f *testing.F) {
	f.Add("Visa application number ", " was granted")
	f.Add("ZZZZ202508149001 ", "\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		nums := newNumbers()
		if got := nums.about(before+" ZZZZ202508149002 "+after, visa.Query{ZOV: zov1}); got != aboutOther {
			t.Errorf("about %s", got)
		}
	})
}

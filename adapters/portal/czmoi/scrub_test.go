package czmoi

import (
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

func TestScrubbedHTML(t *testing.T) {
	t.Parallel()
	zov, oam := visa.Query{ZOV: zov1}, visa.Query{Number: "90001", Category: "DP", Year: "2025"}
	tests := []struct {
		name   string
		asked  visa.Query
		html   string
		gone   []string
		stayed []string
	}{
		{
			"fields, scripts and links", oam,
			`<input name="proceedings.referenceNumber" value="90001"><input value=""><a href="/x?zov=ZZZZ202508149001">ZZZZ202508149001</a>` +
				`<script>var n = 90001</script><textarea>note</textarea><b>OAM-90001-2/DP-2025 and OAM-5/TP-2024</b><p title="90001">kept`,
			[]string{"90001", "ZZZZ", "OAM-5", "note", "var n"},
			[]string{`name="proceedings.referenceNumber"`, "kept"},
		},
		{"blanks in a number", zov, `<p>About ZZZZ 2025 0814 9001 kept`, []string{"ZZZZ", "2025", "0814", "9001"}, []string{"About", "kept"}},
		{"blanks in somebody else's", zov, "<p>About ABCD&nbsp;2025\u200b0814 9002 kept", []string{"ABCD", "0814", "9002"}, []string{"kept"}},
		{"tags in a number", zov, `<p>About <b>ZZZZ</b>202508149001 kept`, []string{"ZZZZ", "9001"}, []string{"About", "<b>", "kept"}},
		{"a break in a number", oam, `<p>ZZZZ2025<wbr>08149001 kept`, []string{"ZZZZ", "9001"}, []string{"<wbr>", "kept"}},
		{"a word before a number", zov, `<p>about</p>ZZZZ202508149001`, []string{"ZZZZ", "9001"}, []string{"abou"}},
		{"blanks in an OAM number", zov, `<p>OAM 90002 / DP 2025 kept`, []string{"90002", "DP", "2025"}, []string{"kept"}},
		{"dashes in an OAM number", zov, "<p>kept 90 002–3 / DP – 2025", []string{"002", "DP"}, []string{"kept"}},
		{"only its first part", zov, `<p>OAM-<i>90002</i> kept`, []string{"90002"}, []string{"kept"}},
		{"the bare number", oam, `<td>5</td><td>90001</td><td>90 001</td> kept`, []string{"90001", "90 001"}, []string{"<td>5</td>", "kept"}},
		{"inside another number", oam, `<p>1900012 kept`, nil, []string{"1900012 kept"}},
		{"a number of one digit", visa.Query{Number: "1"}, `<h1 class="h1">Step 1 of 10</h1>`, []string{"Step 1"}, []string{"<h1", "of 10</h1>"}},
		{"a comment", zov, `<!-- ZZZZ 202508149001 -->kept`, []string{"ZZZZ", "9001"}, []string{"<!--", "kept"}},
		{"escapes", zov, `<p title="a&quot;b">ZZZZ&#50;02508149001 &lt;b&gt; kept`, []string{"ZZZZ", "9001"}, []string{"&lt;b&gt; kept", "a&#34;b"}},
	}
	e := evidence{numbers: newNumbers()}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := string(e.scrub(tt.html, tt.asked))
			for _, secret := range tt.gone {
				if strings.Contains(got, secret) {
					t.Errorf("%q is still there: %s", secret, got)
				}
			}
			for _, harmless := range tt.stayed {
				if !strings.Contains(got, harmless) {
					t.Errorf("%q is gone: %s", harmless, got)
				}
			}
		})
	}
}

func FuzzScrub(f *testing.F) {
	f.Add("<p>", "</p>", 4)
	f.Add("1<td>", "a</td>", 1)
	f.Add("<b title='", "'>", 9)
	e := evidence{numbers: newNumbers()}
	f.Fuzz(func(t *testing.T, before, after string, cut int) {
		cut = min(max(cut, 0), len(zov1))
		// Whatever the page is, a number in its text, split by a tag, is not left.
		source := before + zov1[:cut] + "<i>" + zov1[cut:] + after
		got := string(e.scrub(source, visa.Query{ZOV: zov1}))
		if strings.Contains(got, zov1[:cut]+"<i>"+zov1[cut:]) || strings.Contains(got, zov1) {
			t.Errorf("the number is still there: %q", got)
		}
	})
}

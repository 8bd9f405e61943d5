package help

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneWord: the forms of a word are one term, in each of the seven languages.
func TestOneWord(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lang  string
		forms string
	}{
		"English verb":           {"en", "suspend suspended suspending SUSPENDS"},
		"English noun":           {"en", "message messages message's"},
		"English adjective":      {"en", "refuse refused refusal refusing"},
		"Czech noun":             {"cs", "žádost žádosti žádostí zadosti žádostech"},
		"Czech noun, plural":     {"cs", "zpráva zprávy zprávu zprávami zpravach"},
		"Czech adjective":        {"cs", "trvalý trvalého trvalému trvalém trvalých"},
		"Czech verb":             {"cs", "zamítnuto zamítnutí zamítnuta"},
		"Ukrainian noun":         {"uk", "заява заяви заяву заявою заявам"},
		"Ukrainian adjective":    {"uk", "постійний постійного постійному постійна"},
		"Russian noun":           {"ru", "заявка заявки заявку"},
		"Russian noun in -nie":   {"ru", "заявление заявления заявлению заявлением"},
		"Russian adjective":      {"ru", "постоянный постоянного постоянная постоянному"},
		"Russian ё":              {"ru", "приём прием"},
		"Spanish verb":           {"es", "rechazado rechazada rechazados rechazar"},
		"Spanish noun":           {"es", "notificación notificaciones"},
		"Vietnamese diacritics":  {"vi", "Đơn đơn don"},
		"another language stays": {"de", "antrag ANTRAG"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := grammarOf(tt.lang)
			var first []string
			for form := range strings.FieldsSeq(tt.forms) {
				got := g.terms(form)
				if first == nil {
					first = got
				}
				if diff := cmp.Diff(first, got); diff != "" || len(got) != 1 {
					t.Errorf("%s: %v, the first form is %v", form, got, first)
				}
			}
		})
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lang, text string
		want       []string
	}{
		"empty words go":           {"en", "What is the captcha?", []string{"captcha"}},
		"Czech empty words":        {"cs", "Dobrý den, co to prosím je captcha", []string{"captch"}},
		"numbers go":               {"en", "15 days, 2026, ZZZZ202601059001, 2fa", []string{"day", "2fa"}},
		"Chinese pairs":            {"zh-Hans", "我的申请被拒绝了吗？", []string{"申请", "拒绝"}},
		"Chinese across a seam":    {"zh-Hans", "签证要多久", []string{"签证", "证要", "要多", "多久"}},
		"Chinese with Latin":       {"zh-Hans", "什么是 OAM 号码", []string{"oam", "号码"}},
		"one Chinese character":    {"zh-Hans", "钱", []string{"钱"}},
		"Vietnamese pairs":         {"vi", "hồ sơ bị từ chối", []string{"ho", "so", "ho_so", "tu", "choi", "tu_choi"}},
		"Ukrainian apostrophe":     {"uk", "пам’ятка", []string{"памятк"}},
		"nothing":                  {"cs", "", nil},
		"signs only":               {"es", "¿¡ — !?", nil},
		"Spanish upside-down mark": {"es", "¿Dónde está mi número?", []string{"numer"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, grammarOf(tt.lang).terms(tt.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

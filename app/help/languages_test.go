package help

import (
	"slices"
	"testing"
)

// someTexts are a few topics in a language whose catalogue may not be there
// yet: what the code must be able to do with it without a change.
type someTexts struct {
	texts map[string]string
	// first gives the topic that must come first, of each question.
	first   map[string]string
	unknown []string
}

func otherLanguages() map[string]someTexts {
	return map[string]someTexts{
		"uk": {
			texts: map[string]string{
				"help.sign_in.title":    "Проблеми зі входом",
				"help.sign_in.ask":      "забув пароль | не можу увійти | неправильний код",
				"help.time_limits.ask":  "скільки часу триває розгляд | строк розгляду заяви | скільки чекати на рішення",
				"help.find_number.ask":  "де знайти номер | номер справи | номер заяви на візу",
				"help.never.ask":        "чи отримаю я візу | який у мене шанс",
				"help.backups.ask":      "резервна копія | відновити з копії",
				"help.time_limits.body": "Закон визначає строки.",
			},
			first: map[string]string{
				"Я забула пароль": "sign_in", "де мій номер справи?": "find_number", "строки розгляду заяв": "time_limits", "резервні копії": "backups",
				"забув парроль": "sign_in",
			},
			unknown: []string{"яка сьогодні погода", "чи отримаю я візу", "рецепт борщу"},
		},
		"ru": {
			texts: map[string]string{
				"help.sign_in.title":   "Трудности со входом",
				"help.sign_in.ask":     "забыл пароль | не могу войти | неверный код",
				"help.time_limits.ask": "сколько длится рассмотрение | срок рассмотрения заявления | сколько ждать решения",
				"help.find_number.ask": "где найти номер | номер дела | номер заявления на визу",
				"help.never.ask":       "получу ли я визу | какие у меня шансы",
				"help.backups.ask":     "резервная копия | восстановить из копии",
			},
			first: map[string]string{
				"Я забыла пароль": "sign_in", "где мой номер дела?": "find_number", "сроки рассмотрения заявлений": "time_limits",
				"резервные копии": "backups", "забыл парлоь": "sign_in",
			},
			unknown: []string{"какая сегодня погода", "получу ли я визу", "рецепт борща"},
		},
		"es": {
			texts: map[string]string{
				"help.sign_in.title":   "No puedo entrar",
				"help.sign_in.ask":     "olvidé la contraseña | no puedo entrar | código incorrecto",
				"help.time_limits.ask": "plazo legal | tiempo de espera",
				"help.find_number.ask": "dónde encuentro mi número | número de expediente",
				"help.never.ask":       "me darán el visado | qué posibilidades tengo",
				"help.backups.ask":     "copia de seguridad | restaurar una copia",
			},
			first: map[string]string{
				"he olvidado mi contrasena": "sign_in", "¿Dónde está el número de mi expediente?": "find_number", "plazos legales": "time_limits",
				"copias de seguridad": "backups", "olvide la contaseña": "sign_in",
			},
			unknown: []string{"qué tiempo hace hoy en Brno", "me darán el visado", "receta de paella"},
		},
		"vi": {
			texts: map[string]string{
				"help.sign_in.title":   "Không đăng nhập được",
				"help.sign_in.ask":     "quên mật khẩu | không đăng nhập được | sai mã",
				"help.time_limits.ask": "mất bao lâu | thời hạn giải quyết hồ sơ | phải chờ bao lâu",
				"help.find_number.ask": "tìm số hồ sơ ở đâu | số đơn xin thị thực",
				"help.never.ask":       "tôi có được cấp thị thực không | cơ hội của tôi",
				"help.backups.ask":     "bản sao lưu | khôi phục từ bản sao lưu",
			},
			first: map[string]string{
				"Tôi quên mật khẩu": "sign_in", "toi quen mat khau roi": "sign_in", "số hồ sơ của tôi ở đâu": "find_number",
				"thoi han giai quyet": "time_limits", "sao luu": "backups",
			},
			unknown: []string{"thời tiết hôm nay thế nào", "nấu phở", "tôi có được cấp thị thực không"},
		},
		"zh-Hans": {
			texts: map[string]string{
				"help.sign_in.title":   "无法登录",
				"help.sign_in.ask":     "忘记密码 | 登录不了 | 验证码错误",
				"help.time_limits.ask": "要等多久 | 审理期限 | 法定期限是多少天",
				"help.find_number.ask": "在哪里找申请号 | 案件编号 | OAM 编号在哪里",
				"help.never.ask":       "我能拿到签证吗 | 我有多大机会",
				"help.backups.ask":     "备份 | 恢复备份",
			},
			first: map[string]string{
				"我忘记密码了怎么办": "sign_in", "我的案件编号在哪里？": "find_number", "审理期限是多久": "time_limits", "怎么恢复备份": "backups",
				"OAM-90001/DP-2025的申请号": "find_number",
			},
			unknown: []string{"今天天气怎么样", "我能拿到签证吗", "红烧肉怎么做"},
		},
	}
}

func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	for lang, some := range otherLanguages() {
		ix := newIndex(grammarOf(lang), func(key string) string { return some.texts[key] })
		for question, topic := range some.first {
			t.Run(lang+"/"+question, func(t *testing.T) {
				t.Parallel()
				if got, _ := ix.ask(question); !slices.Contains(got.Topics[:min(1, len(got.Topics))], topic) {
					t.Errorf("got %v, want %s first: %v", got, topic, ix.rank(question))
				}
			})
		}
		for _, question := range some.unknown {
			t.Run(lang+"/unknown/"+question, func(t *testing.T) {
				t.Parallel()
				if got, _ := ix.ask(question); got.Confidence != Unknown {
					t.Errorf("got %v, want no answer: %v", got, ix.rank(question))
				}
			})
		}
	}
}

package help

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// grammar is what must be known of a language to compare its words, all of it
// as fold leaves it: in small letters without diacritics.
type grammar struct {
	// endings are taken off words, the longest first.
	endings []string
	// leastStem is how many runes must be left.
	leastStem int
	// empty words say nothing about what is asked.
	empty map[string]bool
	// syllables says that spaces stand between syllables, not words, so that
	// pairs of them are compared too.
	syllables bool
	// seams cuts text without spaces at words that say nothing; nil where
	// there are spaces.
	seams *strings.Replacer
}

// grammarOf returns the grammar of a language, for example "cs" or "zh-Hans".
// Words of a language it does not know are compared as they are.
func grammarOf(lang string) grammar {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "en":
		return newGrammar(3, englishEndings, englishEmpty)
	case "cs":
		return newGrammar(3, czechEndings, czechEmpty)
	case "uk":
		return newGrammar(3, ukrainianEndings, ukrainianEmpty)
	case "ru":
		return newGrammar(3, russianEndings, russianEmpty)
	case "es":
		return newGrammar(3, spanishEndings, spanishEmpty)
	case "vi":
		g := newGrammar(1, "", vietnameseEmpty)
		g.syllables = true
		return g
	case "zh":
		g := newGrammar(1, "", "")
		var cuts []string
		for _, word := range longestFirst(chineseEmpty) {
			cuts = append(cuts, word, " ")
		}
		g.seams = strings.NewReplacer(cuts...)
		return g
	}
	return newGrammar(1, "", "")
}

func newGrammar(leastStem int, endings, empty string) grammar {
	g := grammar{endings: longestFirst(endings), leastStem: leastStem, empty: make(map[string]bool)}
	for word := range strings.FieldsSeq(fold(empty)) {
		g.empty[word] = true
	}
	return g
}

// longestFirst splits a list at its spaces. A long word must be found before
// a short one that is part of it.
func longestFirst(list string) []string {
	words := strings.Fields(fold(list))
	slices.SortStableFunc(words, func(a, b string) int {
		return utf8.RuneCountInString(b) - utf8.RuneCountInString(a)
	})
	return words
}

// Endings of nouns, adjectives and verbs. They only bring the forms of one word
// together; what is left need not be a word. Longer derivations are left alone,
// since a wrong match is worse than none.
const (
	englishEndings = "s es ies ed ied ing ings er ers ation ations ition itions ion ions al als ment ments ly able e y"

	czechEndings = "a e i o u y ou em es ech ich ych ach am um ami emi imi ymi ama ovi ove ovy ova ovych ovym ovou eho emu ho mu ej ejsi " +
		"im ym at et it ut l li lo al ala ali alo el ela eli elo il ila ili ilo ily as ame ate aji is ime ite eji eme ete " +
		"uje ujes uju uji ujeme ujete ujou oval ovala ovali ovat ovan ovana ovane ovano ovany an ana ane ano any ani en ena ene " +
		"eno eny eni enim enich iho imu iti ata aty ky ka ku ce kou ek ni nim nich niho out"

	ukrainianEndings = "а я о е у ю и і ы ь й ам ям ами ями ах ях ом ем ою ею ов ев ів ий ии ого ому ої ои им ими их ій іи ти ть ить є ють уть " +
		"ать ять ла ло ли в ала ало али ила ило или ував увала ували увати ення енням ання анням ань ень енні анні ості істю " +
		"ість ться тися лася лося лися ся сь еи"

	russianEndings = "а я о е у ю и ы ь ам ям ами ями ах ях ом ем ои еи ою ею ов ев ии ыи ого его ому ему ая яя ое ее ые ие ым им ыми ими ых " +
		"их ую юю ть ти ет ит ют ут ат ят ешь ишь ете ите л ла ло ли ал ала ало али ил ила ило или ел ела ели овал овала овали " +
		"овать ение ения ению ением ании ание ания анию анием ость ости остью ся сь ется ится ются утся тся ться лся лась лось " +
		"лись"

	spanishEndings = "a e o s as es os an en ar er ir ando iendo ado ada ados adas ido ida idos idas cion ciones aba aban ian io aron ieron " +
		"are ara aran ere era eran ire ira mos amos emos imos mente ito ita amiento imiento able ible ancia encia acion aciones " +
		"icion iciones"
)

// Words that say nothing about what is asked: articles, prepositions, pronouns,
// helping verbs, words of questions and of politeness. Words of the future
// (will) stay: they tell a question about what will be decided.
const (
	englishEmpty = "a an the of to in on at by for from with without about into and or but if then than so as is are was were be been am " +
		"do does did done has have had having can could would please hello hi hey thanks thank i you he she it we they me my mine your yours his her its our " +
		"their them us this that these those there here what which who whom whose where when why how not no yes any some im ive dont doesnt " +
		"didnt isnt cant cannot couldnt wont its whats wheres hows just also too very really still again now already yet up out off over only get got " +
		"tell know want need mean means like much many long one because since before while during s t"

	czechEmpty = "a i o u k ke v ve s se z ze na do od po pro pri za pred nad pod mezi bez o ob u az at aby by bych bys bychom " +
		"je jsou jsem jsi jsme jste byl byla bylo byli byt neni nejsou mam mas ma mame mate maji mel mela mit nemam " +
		"ja ty on ona ono my vy oni mi me mne mu ji jim jich ho tebe tobe te ti vam vas nam nas muj moje moji meho me mou mym svuj sve svou svoje " +
		"nas nase vas vase jeho jeji jejich ten ta to ti ty toho tomu tom tim tu tento tato toto co kdo kde kdy kam jak jaky jaka jake proc ktery ktera ktere " +
		"kolik ze kdyz jestli zda nebo ani ale taky take uz jeste jen jenom porad tady tam zde sem ted prosim dekuji dobry den ahoj ano ne moc " +
		"muzu mohu muze muzete chci chtel chtela chtit musim prosimvas teda tak pak potom si nejak neco nejde jde znamena vubec jsou"

	ukrainianEmpty = "а і и й и та але чи або що як де коли чому хто якии яка яке які скільки скільки це цеи ця ці то тои та ті я ти він вона воно ми ви вони " +
		"мені мене мною мое моя мої мои міи мого моєі моєї твіи ваш ваша ваше ваші наш наша свіи своє свою у в на з із зі до від по про для за під над без " +
		"між через при не ні так є був була було були бути можна можу може треба потрібно хочу будь ласка дякую добрии день привіт вже ще тільки також " +
		"якщо бо щоб же б би ж мої моеі моеї це означає"

	russianEmpty = "а и но или что как где когда почему кто какои какая какое какие сколько это этот эта эти то тот та те я ты он она оно мы вы они " +
		"мне меня мнои мое моя мои моего моеи твои ваш ваша ваше ваши наш наша свои свою в во на с со из к ко до от по о об про для за под над без " +
		"между через при не ни да нет есть был была было были будет быть можно могу может надо нужно хочу пожалуиста спасибо добрыи день привет здравствуите уже еще только " +
		"также если чтобы же бы ли у значит означает"

	spanishEmpty = "el la los las un una unos unas de del a al en con sin por para sobre y o u e pero que como donde cuando porque quien cual cuales " +
		"cuanto cuantos cuanta cuantas es son era eran fue ser esta estan estoy estar hay he ha han yo tu el ella nosotros ellos me te se nos les le lo " +
		"mi mis su sus tu tus nuestro este esta esto estos estas ese esa eso no si ya aun todavia muy tambien solo por favor gracias hola " +
		"puedo puede quiero tengo tiene debo significa"

	vietnameseEmpty = "la khong toi ban cua va hoac nhung nay do kia thi ma o tai den cho voi ve gi nao sao nhu the nhieu khi ai duoc " +
		"bi se da dang roi con nua xin vui long cam on chao toi minh em anh chi nghia cac nhung mot"

	chineseEmpty = "为什么 什么 怎么 怎样 如何 请问 哪里 哪儿 哪个 是否 可以 需要 我们 你们 他们 谢谢 你好 意思 的 了 吗 呢 吧 我 你 他 她 它 是 在 有 和 与 或 就 都 也 还 把 被 让 对 从 到 这 那 个 么"
)

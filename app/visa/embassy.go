package visa

// Embassy returns the city of the embassy or consulate whose numbers begin
// with prefix, in English. Only prefixes seen in real numbers or in official
// texts are known; there are many more, so an unknown one means nothing.
func Embassy(prefix string) (city string, ok bool) {
	switch prefix {
	case "ADDI":
		city = "Addis Ababa"
	case "ANKA":
		city = "Ankara"
	case "BANG":
		city = "Bangkok"
	case "ISTA":
		city = "Istanbul"
	case "LOSA":
		city = "Los Angeles"
	case "MINS":
		city = "Minsk"
	case "PEKI":
		city = "Beijing"
	case "SHAN":
		city = "Shanghai"
	}
	return city, city != ""
}

package archive

import (
	"encoding/pem"
	"errors"
	"strings"
)

// armorType is what an armored age file says it is.
const armorType = "AGE ENCRYPTED FILE"

// errArmor: a text is no armored age file.
var errArmor = errors.New("is no armored age file; leave every line of it as it was")

// armored returns an age file as text that the age tool reads: PEM with lines of
// 64 characters.
func armored(file []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: armorType, Bytes: file}))
}

// unarmored is the reverse. It takes only what armored writes, so that nothing
// stands around the file that nobody looks at.
func unarmored(text string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != armorType || len(block.Headers) > 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errArmor
	}
	if strings.TrimSpace(armored(block.Bytes)) != strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) {
		return nil, errArmor
	}
	return block.Bytes, nil
}

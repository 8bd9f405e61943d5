package alert

// ChannelKind describes one kind of channel a notifier can send through. The
// form, the validation, the documentation and the test button come from it.
type ChannelKind struct {
	// Name is what Channel.Kind holds, for example "ntfy".
	Name string `json:"name"`
	// LabelKey is the catalogue key of its name for people.
	LabelKey string         `json:"label_key"`
	Fields   []ChannelField `json:"fields"`
}

// ChannelField describes one entry of Channel.Fields.
type ChannelField struct {
	// Name is the key in Channel.Fields.
	Name string `json:"name"`
	// LabelKey and HelpKey are catalogue keys: what the field is called, and
	// one sentence on what belongs into it.
	LabelKey string `json:"label_key"`
	HelpKey  string `json:"help_key"`
	Required bool   `json:"required,omitempty"`
	// Secret values are never shown again once saved.
	Secret bool `json:"secret,omitempty"`
	// Address: the value decides to whom the secrets go, and how openly. Where
	// it changes, the secrets must be given again.
	Address bool `json:"address,omitempty"`
	// Lines: the value may have several lines.
	Lines bool `json:"lines,omitempty"`
	// Choices are the only values allowed; nil for free text.
	Choices []string `json:"choices,omitempty"`
	// Default holds where the field is left empty.
	Default string `json:"default,omitempty"`
	Example string `json:"example,omitempty"`
	// Unguessable: whoever knows the value can read along, so that a form begins
	// with one made by chance.
	Unguessable bool `json:"unguessable,omitempty"`
}

// FieldError says which field of a channel is wrong.
type FieldError struct {
	// Field is the name of the field: a key of Channel.Fields, or "kind",
	// "privacy", "language", "name", "quiet", "digest", "zone" for the channel's own.
	Field string
	// Code names the problem in a word: the catalogue has a text under
	// "problem.field_" and the code.
	Code string
	// Problem is an English sentence that says what to do. It holds no value of
	// a field, because those may be secret.
	Problem string
}

// Error returns the field and the problem.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

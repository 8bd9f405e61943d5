package shout

import (
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"cz-visa-monitor/app/alert"
)

// The ways of encryption of a mail server.
const (
	plainSMTP = "none"
	startTLS  = "starttls"
	wholeTLS  = "tls"
)

// maxRecipients bounds the addresses of one channel.
const maxRecipients = 20

// emailRow sends by go-mail: see docs/decisions/0003-mail.md for why not by the
// library that sends the rest.
func emailRow() row {
	return row{
		kind: newKind("email",
			alert.ChannelField{Name: "host", Required: true, Address: true, Example: "smtp.example.com"},
			alert.ChannelField{Name: "port", Address: true, Example: "587"},
			alert.ChannelField{Name: "encryption", Required: true, Address: true, Default: startTLS, Choices: []string{startTLS, wholeTLS, plainSMTP}},
			alert.ChannelField{Name: "user", Example: "watch@example.com"},
			alert.ChannelField{Name: "password", Secret: true},
			alert.ChannelField{Name: "from", Required: true, Example: "Visa watch <watch@example.com>"},
			alert.ChannelField{Name: "to", Required: true, Example: "anna@example.com, jan@example.com"},
		),
		private: []string{"user"},
		check: func(f fields) error {
			if _, err := readEnvelope(f); err != nil {
				return err
			}
			return eitherLogin(fields{"user": f["user"], "password": f["password"]}, true)
		},
		derived: func(f fields) []string {
			var all []string
			if f["user"] != "" {
				all = append(all, "\x00"+f["user"]+"\x00"+f["password"])
			}
			if e, err := readEnvelope(f); err == nil {
				all = append(all, e.from.Address, e.from.Name)
				for _, to := range e.to {
					all = append(all, to.Address, to.Name)
				}
			}
			return all
		},
		send: sendMail,
	}
}

// envelope is where a mail goes.
type envelope struct {
	host string
	port int
	from *mail.Address
	to   []*mail.Address
}

// readEnvelope reads the fields of a mail channel, or names the wrong one.
func readEnvelope(f fields) (envelope, error) {
	e := envelope{host: strings.Trim(f["host"], "[]")}
	if strings.ContainsAny(e.host, "/@ ?#\\") {
		return e, wrong("host", "host_alone", "Give the name or the IP address of the mail server alone.")
	}
	if strings.Count(e.host, ":") == 1 {
		return e, wrong("host", "port_apart", "Put the port into its own field.")
	}
	e.port = map[string]int{plainSMTP: 25, startTLS: 587, wholeTLS: 465}[f["encryption"]]
	if f["port"] != "" {
		port, err := strconv.Atoi(f["port"])
		if err != nil || port < 1 || port > 65535 {
			return e, wrong("port", "port", "Give a number from 1 to 65535, or leave it empty.")
		}
		e.port = port
	}
	var err error
	if e.from, err = mail.ParseAddress(f["from"]); err != nil {
		return e, wrong("from", "mail_from", "Give one address, like watch@example.com or Visa watch <watch@example.com>.")
	}
	if odd(e.from) {
		return e, wrong("from", "mail_odd", oddAddress)
	}
	if e.to, err = mail.ParseAddressList(f["to"]); err != nil {
		return e, wrong("to", "mail_to", "Give one or more addresses with commas between them.")
	}
	if len(e.to) > maxRecipients {
		return e, wrong("to", "mail_many", "Give at most "+strconv.Itoa(maxRecipients)+" addresses.")
	}
	if slices.ContainsFunc(e.to, odd) {
		return e, wrong("to", "mail_odd", oddAddress)
	}
	return e, nil
}

// oddAddress is what is said of an address that is odd.
const oddAddress = "An address holds quotes, brackets or blanks, which mail servers treat differently. Use another one."

func odd(a *mail.Address) bool { return strings.ContainsAny(a.Address, "<>\" ") }

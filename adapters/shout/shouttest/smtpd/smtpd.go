// Package smtpd runs a real OpenSMTPD for tests: mail sent to it is read back
// from its maildir. It needs root, since OpenSMTPD drops to other users, and
// Debian's packages opensmtpd and util-linux. Each server lives in a mount
// namespace of its own, so that neither another test nor a mail server that
// runs on the machine gets in its way.
package smtpd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Domain is the only domain the server takes mail for; others are refused with 550.
const Domain = "example.com"

// patience bounds every wait for the server.
const patience = 15 * time.Second

// Server is an OpenSMTPD that runs. It takes mail from everybody, without TLS
// and login: the one in Debian 12 cannot speak TLS with the OpenSSL beside it
// (https://github.com/OpenSMTPD/OpenSMTPD/issues/1171), and offers no login
// without.
type Server struct {
	// Host and Port are where it listens.
	Host string
	Port string

	maildir string
}

// Start runs a server until the test ends. It fails the test where it cannot.
func Start(t testing.TB) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{Host: "127.0.0.1", Port: freePort(t), maildir: filepath.Join(dir, "mail")}
	// Mail is delivered by the user nobody, who must be able to get there.
	must(t, os.Chmod(filepath.Dir(dir), 0o755)) //nolint:gosec // See above.
	must(t, os.Chmod(dir, 0o755))               //nolint:gosec // See above.
	must(t, os.Mkdir(s.maildir, 0o700))
	chownToNobody(t, s.maildir)
	conf := filepath.Join(dir, "smtpd.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `table box { "@" = "nobody" }
listen on %s port %s
action "in" maildir "%s" virtual <box>
match from any for domain "%s" action "in"
`, s.Host, s.Port, s.maildir, Domain), 0o600))
	s.run(t, conf)
	return s
}

// run starts the program and waits until it answers.
func (s *Server) run(t testing.TB, conf string) {
	t.Helper()
	// Its socket and its queue have fixed places, which it shall have for itself.
	const script = `mount -t tmpfs -o mode=755 tmpfs /run && mount -t tmpfs -o mode=755 tmpfs /var/spool && exec /usr/sbin/smtpd -d -f "$1"`
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", conf) //nolint:gosec // A fixed program and a file of our own; stopped gently below.
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start OpenSMTPD: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // It is killed in the end; how it ended is in its output.
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("OpenSMTPD said:\n%s", output.String())
		}
	})
	answers := poll(func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(s.Host, s.Port), time.Second)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	select {
	case <-ended:
		t.Fatalf("OpenSMTPD ended at once. It needs root and Debian's opensmtpd. It said:\n%s", output.String())
	default:
	}
	if !answers {
		t.Fatal("OpenSMTPD does not answer")
	}
}

// poll asks done every few milliseconds, as long as patience lasts: another
// process cannot be waited for otherwise.
func poll(done func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if done() {
			return true
		}
	}
	return false
}

func freePort(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(ln.Addr().String())
	must(t, err)
	must(t, ln.Close())
	return port
}

func chownToNobody(t testing.TB, path string) {
	t.Helper()
	raw, err := os.ReadFile("/etc/passwd")
	must(t, err)
	for line := range strings.Lines(string(raw)) {
		parts := strings.Split(line, ":")
		if len(parts) < 4 || parts[0] != "nobody" {
			continue
		}
		uid, err := strconv.Atoi(parts[2])
		must(t, err)
		gid, err := strconv.Atoi(parts[3])
		must(t, err)
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatalf("OpenSMTPD needs root: %v", err)
		}
		return
	}
	t.Fatal("there is no user nobody, who is to receive the mail")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("prepare OpenSMTPD: %v", err)
	}
}

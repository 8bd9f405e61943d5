package portaltest

import (
	"net"
	"net/http"
	"strconv"
)

// faultStatus is the HTTP status of the faults that have one.
func faultStatus(f Fault) int {
	switch f {
	case TooManyRequests:
		return http.StatusTooManyRequests
	case Forbidden:
		return http.StatusForbidden
	case ServerError:
		return http.StatusInternalServerError
	case BadGateway:
		return http.StatusBadGateway
	case CaptchaDenied:
		return http.StatusBadRequest
	case Maintenance:
		return http.StatusServiceUnavailable
	case EmptyBody, MaintenanceOK:
		return http.StatusOK
	}
	return 0
}

func faultKnown(f Fault) bool { return f == Reset || faultStatus(f) != 0 }

// fail answers with a fault and returns its HTTP status, 0 for a reset connection.
func (r *Replica) fail(w http.ResponseWriter, f Fault, retryAfter int, language string) int {
	status := faultStatus(f)
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	switch f {
	case Reset:
		r.reset(w)
	case CaptchaDenied:
		writeJSON(w, status, response{Message: "Recaptcha verification failed"})
	case EmptyBody:
		w.WriteHeader(status)
	case Maintenance, MaintenanceOK:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		r.render(w, "maintenance.html", map[string]string{"Language": language})
	default:
		http.Error(w, http.StatusText(status), status)
	}
	return status
}

// reset closes the connection so that the client sees a TCP reset.
func (r *Replica) reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		r.problem("reset the connection: %v", err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

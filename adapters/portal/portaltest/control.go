package portaltest

import "net/http"

func (r *Replica) serveState(w http.ResponseWriter, req *http.Request)  { r.unexpected(w, req) }
func (r *Replica) serveChange(w http.ResponseWriter, req *http.Request) { r.unexpected(w, req) }

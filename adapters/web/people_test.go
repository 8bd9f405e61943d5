package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

const zone = `P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10`

func TestPeople(t *testing.T) {
	t.Parallel()
	const people = "/api/v1/people"
	runCalls(t, []call{
		{name: "list", method: "GET", path: people, want: 200, wantBody: `{"people":[{"id":"{person}","name":"Eva Quetzal","owner":"user:{me}","may_write":true,"applications":["{anna}"],"documents":[{"id":"{passport}","kind":"passport","number":"TEST90001"}],"revision":1},{"id":"{gperson}","owner":"group:{group}"}]}`},
		{name: "list a page", method: "GET", path: people + "?limit=1", want: 200, wantBody: `{"people":[{"id":"{person}"}],"next":"{person}"}`},
		{name: "list the next page", method: "GET", path: people + "?limit=1&after={person}", want: 200, wantBody: `{"people":[{"id":"{gperson}"}]}`, wantNot: `"next"`},
		{name: "list a group's", method: "GET", path: people + "?owner=group:{group}", want: 200, wantBody: `{"people":[{"id":"{gperson}"}]}`},
		{name: "list as a reader", by: "reader", method: "GET", path: people, want: 200, wantBody: `{"people":[{"id":"{gperson}","may_write":false}]}`},
		{name: "list as a stranger", by: "member", method: "GET", path: people + "?owner=group:{group}", want: 200, wantBody: `{"people":[]}`},
		{name: "list too much", method: "GET", path: people + "?limit=9999", want: 422, wantBody: `{"field":"limit"}`},

		{
			name: "add", method: "POST", path: people, body: `{"name":"Ida","birth_date":"1990-05-17","nationality":"UKR","note":"x","applications":["{anna}"],"documents":[{"kind":"visa","number":"TEST90002","country":"CZE","issued":"2026-01-01","expires":"2027-01-01"}]}`,
			want: 201, wantBody: `{"name":"Ida","birth_date":"1990-05-17","nationality":"UKR","applications":["{anna}"],"documents":[{"kind":"visa","issued":"2026-01-01","expires":"2027-01-01"}],"revision":1}`,
		},
		{name: "add to a group", by: "writer", method: "POST", path: people, body: `{"name":"Ida","owner":"group:{group}"}`, want: 201, wantBody: `{"owner":"group:{group}","documents":[],"applications":[]}`},
		{name: "add to a group as a reader", by: "reader", method: "POST", path: people, body: `{"name":"Ida","owner":"group:{group}"}`, want: 403},
		{name: "add to a group as one who only reads", by: "viewer", method: "POST", path: people, body: `{"name":"Ida","owner":"group:{group}"}`, want: 403},
		{name: "add to a strange group", by: "member", method: "POST", path: people, body: `{"name":"Ida","owner":"group:{group}"}`, want: 422, wantBody: `{"field":"owner"}`},
		{name: "add without a name", method: "POST", path: people, body: `{}`, want: 422, wantBody: `{"field":"name"}`},
		{name: "add with a day that is none", method: "POST", path: people, body: `{"name":"Ida","birth_date":"1990-02-30"}`, want: 422, wantBody: `{"field":"birth_date"}`, wantNot: "1990"},
		{name: "add with a document's day that is none", method: "POST", path: people, body: `{"name":"Ida","documents":[{"kind":"visa","expires":"soon"}]}`, want: 422, wantBody: `{"field":"documents[0].expires"}`},
		{name: "add with another kind", method: "POST", path: people, body: `{"name":"Ida","documents":[{"kind":"ticket"}]}`, want: 422, wantBody: `{"field":"documents[0].kind"}`},
		{name: "add with an application of another owner", by: "writer", method: "POST", path: people, body: `{"name":"Ida","applications":["{anna}"]}`, want: 422, wantBody: `{"field":"applications"}`},
		{name: "add with an application there is not", method: "POST", path: people, body: `{"name":"Ida","applications":["{nobody}"]}`, want: 422, wantBody: `{"field":"applications"}`},
		{name: "add to a group with one's own application", method: "POST", path: people, body: `{"name":"Ida","owner":"group:{group}","applications":["{anna}"]}`, want: 422, wantBody: `{"field":"applications"}`},
		{name: "add with a field there is not", method: "POST", path: people, body: `{"name":"Ida","id":"x"}`, want: 422, wantBody: `{"field":"id"}`},

		{name: "get", method: "GET", path: people + "/{person}", want: 200, wantBody: `{"id":"{person}"}`},
		{name: "get what is known", method: "GET", path: people + "/{person}", headers: []string{"If-None-Match", `"1"`}, want: 304},
		{name: "get what there is not", method: "GET", path: people + "/{nobody}", want: 404},
		{name: "get a group's as a reader", by: "reader", method: "GET", path: people + "/{gperson}", want: 200, wantBody: `{"may_write":false}`},
		{name: "get a stranger's", by: "reader", method: "GET", path: people + "/{person}", want: 404},
		{name: "get an admin's right is no right to read", by: "member", method: "GET", path: people + "/{gperson}", want: 404},

		{name: "edit, documents keep their IDs", method: "PATCH", path: people + "/{person}", headers: []string{"If-Match", `"1"`}, body: `{"name":"Eva","documents":[{"id":"{passport}","kind":"passport","number":"TEST90003"},{"kind":"visa"}]}`, want: 200, wantBody: `{"name":"Eva","revision":2,"documents":[{"id":"{passport}","number":"TEST90003"},{"kind":"visa"}],"applications":["{anna}"]}`},
		{name: "edit an old version", method: "PATCH", path: people + "/{person}", headers: []string{"If-Match", `"7"`}, body: `{"name":"Eva"}`, want: 412, wantBody: `{"code":"changed"}`},
		{name: "edit clears", method: "PATCH", path: people + "/{person}", body: `{"applications":[],"documents":[],"birth_date":""}`, want: 200, wantBody: `{"applications":[],"documents":[]}`},
		{name: "edit the owner", method: "PATCH", path: people + "/{person}", body: `{"owner":"group:{group}"}`, want: 422, wantBody: `{"field":"owner"}`},
		{name: "edit as a reader", by: "reader", method: "PATCH", path: people + "/{gperson}", body: `{"name":"x"}`, want: 403},
		{name: "edit as one who only reads", by: "viewer", method: "PATCH", path: people + "/{gperson}", body: `{"name":"x"}`, want: 403},
		{name: "edit as a writer", by: "writer", method: "PATCH", path: people + "/{gperson}", body: `{"name":"x"}`, want: 200},
		{name: "edit a stranger's", by: "writer", method: "PATCH", path: people + "/{person}", body: `{"name":"x"}`, want: 404},

		{name: "delete", method: "DELETE", path: people + "/{person}", want: 204},
		{name: "delete a group's as a reader", by: "reader", method: "DELETE", path: people + "/{gperson}", want: 403},
		{name: "delete a stranger's", by: "writer", method: "DELETE", path: people + "/{person}", want: 404},

		{name: "of an application", method: "GET", path: "/api/v1/applications/{anna}/people", want: 200, wantBody: `{"people":[{"id":"{person}"}]}`},
		{name: "of an application that one does not see", by: "writer", method: "GET", path: "/api/v1/applications/{anna}/people", want: 404},

		{name: "read a zone", method: "POST", path: people + "/mrz", body: `{"text":"` + zone + `"}`, want: 200, wantBody: `{"person":{"name":"ANNA MARIA ERIKSSON","nationality":"UTO","birth_date":"1974-08-12"},"document":{"kind":"passport","number":"L898902C3","country":"UTO","expires":"2012-04-15"}}`},
		{name: "read a zone with a wrong digit", method: "POST", path: people + "/mrz", body: `{"text":"` + strings.Replace(zone, "7408122", "7408123", 1) + `"}`, want: 422, wantBody: `{"field":"text","reason":"birth_date.check_digit","line":2,"column":20}`, wantNot: "740812"},
		{name: "read no zone", method: "POST", path: people + "/mrz", body: `{"text":"hello"}`, want: 422, wantBody: `{"reason":"zone.length"}`, wantNot: "hello"},
	})
}

// A delivery about a document names both by their IDs only.
func TestDeliveryOfAPerson(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	p := v.person(t, v.me, "Uma Quetzal")
	_, err := v.store.EditPerson(t.Context(), p.ID, dossier.Edit(time.Now(), func(p *dossier.Person) error {
		p.Documents[0].Expires = civil.DateOf(time.Now()) + 30
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	reminders := dossier.New(dossier.Config{Store: v.store, Zone: noon(), Wake: func() {}, Logger: v.server.cfg.Logger})
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- reminders.Run(ctx) }()
	var page deliveriesView
	for ctx.Err() == nil && !strings.Contains(fmt.Sprint(page), p.ID) {
		page = read[deliveriesView](t, v.do("GET", "/api/v1/deliveries", ""), http.StatusOK)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if d := page.Deliveries[0]; d.Person != p.ID || d.Document != p.Documents[0].ID || strings.Contains(fmt.Sprint(page), "Uma") {
		t.Errorf("%+v", page)
	}
}

// noon is a zone in which it is about noon.
func noon() *time.Location {
	return time.FixedZone("noon", (12-time.Now().UTC().Hour())*60*60)
}

package portaltest_test

import (
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/go-rod/rod/lib/proto"
)

// TestWaiting plays what the page does between a click and the answer, and the
// dialogs and windows that nobody is there to close.
func TestWaiting(t *testing.T) {
	browser := chromium(t)
	tests := []struct {
		name string
		page portaltest.Page
		run  func(t *testing.T, f form, srv *portaltest.Server)
	}{
		{"S10 slow captcha", portaltest.Page{CaptchaDelay: 300 * time.Millisecond, DisableButton: true}, scenarioSlowCaptcha},
		{"S8 working", portaltest.Page{Working: "Please wait, <b>{number}</b>"}, scenarioWorking},
		{"S11 slow options", portaltest.Page{OptionsDelay: 300 * time.Millisecond}, scenarioSlowOptions},
		{"S11 slow options, old dropdown", portaltest.Page{OptionsDelay: 300 * time.Millisecond, Generation: portaltest.React3}, scenarioSlowOptions},
		{"dialog on click", portaltest.Page{Dialog: portaltest.DialogOnClick}, scenarioDialogOnClick},
		{"dialog on leave", portaltest.Page{Dialog: portaltest.DialogOnLeave}, scenarioDialogOnLeave},
		{"dialog on load", portaltest.Page{}, scenarioDialogOnLoad},
		{"popup", portaltest.Page{Popup: true}, scenarioPopup},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.page.Cookies = portaltest.CookiesMissing
			srv := start(t, portaltest.Config{Page: tt.page, Default: portaltest.Answer{Outcome: portaltest.InProgress}})
			f := open(t, browser, srv.PageURL("en"))
			f.element("form")
			tt.run(t, f, srv)
			if problems := srv.Problems(); len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

func scenarioSlowCaptcha(t *testing.T, f form, srv *portaltest.Server) {
	f.fill(zovInput, zov)
	f.submit()
	f.until("the button is disabled", `() => document.querySelector('button[type=submit]').disabled`)
	if asked := srv.Asked(zov); asked != 0 {
		t.Errorf("asked %d times before the captcha was done", asked)
	}
	f.answer(zov)
	f.until("the button is free", `() => !document.querySelector('button[type=submit]').disabled`)
	if asked := srv.Asked(zov); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func scenarioWorking(t *testing.T, f form, srv *portaltest.Server) {
	srv.Script(zov, portaltest.Answer{Outcome: portaltest.Refused, Delay: 300 * time.Millisecond})
	f.fill(zovInput, zov)
	f.submit()
	f.element(".alert.alert--form-warning")
	if got := f.texts(".alert__content"); got != "Please wait, "+zov {
		t.Errorf("the alert before the answer = %q", got)
	}
	if class, _ := f.answer(zov); !strings.HasSuffix(class, "error") {
		t.Errorf("class of the answer = %q", class)
	}
}

func scenarioSlowOptions(t *testing.T, f form, _ *portaltest.Server) {
	f.click(`.select__wrapper:nth-of-type(5) .react-select__control`)
	f.element(".react-select__menu-notice--loading")
	if got := f.texts(".react-select__menu-notice"); got != "Loading…" {
		t.Errorf("the menu says %q", got)
	}
	f.element(".react-select__option")
	if f.has(".react-select__menu-notice") {
		t.Error("the menu still says that it loads")
	}
}

// dialog hears of the next dialog, and takes it away with the answer it gets.
func (f form) dialog(accept bool) (opened func() proto.PageDialogType) {
	f.t.Helper()
	wait, handle := f.page.HandleDialog()
	return func() proto.PageDialogType {
		f.t.Helper()
		dialog := wait()
		if err := handle(&proto.PageHandleJavaScriptDialog{Accept: accept}); err != nil {
			f.t.Fatalf("answer the dialog: %v", err)
		}
		return dialog.Type
	}
}

// meanwhile does what does not return before a dialog is answered.
func meanwhile(do func() error) (done <-chan error) {
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	return ended
}

func scenarioDialogOnClick(t *testing.T, f form, srv *portaltest.Server) {
	f.fill(zovInput, zov)
	button := f.element(`button[type=submit]`)
	opened := f.dialog(false)
	clicked := meanwhile(func() error { return button.Click(proto.InputMouseButtonLeft, 1) })
	if kind := opened(); kind != proto.PageDialogTypeAlert {
		t.Errorf("the dialog is of the kind %s", kind)
	}
	if err := <-clicked; err != nil {
		t.Error(err)
	}
	f.answer(zov)
	if asked := srv.Asked(zov); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func scenarioDialogOnLeave(t *testing.T, f form, _ *portaltest.Server) {
	f.click(zovInput) // a page that nobody touched may not ask
	opened := f.dialog(true)
	left := meanwhile(func() error { return f.page.Navigate("about:blank") })
	if kind := opened(); kind != proto.PageDialogTypeBeforeunload {
		t.Errorf("the dialog is of the kind %s", kind)
	}
	if err := <-left; err != nil {
		t.Error(err)
	}
}

func scenarioDialogOnLoad(t *testing.T, f form, srv *portaltest.Server) {
	srv.SetPage(portaltest.Page{Dialog: portaltest.DialogOnLoad, FormDelay: -1})
	opened := f.dialog(false)
	loaded := meanwhile(func() error { return f.page.Reload() })
	if kind := opened(); kind != proto.PageDialogTypeAlert {
		t.Errorf("the dialog is of the kind %s", kind)
	}
	if err := <-loaded; err != nil {
		t.Error(err)
	}
	f.element("form")
}

func scenarioPopup(t *testing.T, f form, _ *portaltest.Server) {
	f.fill(zovInput, zov)
	opened := f.page.WaitOpen()
	f.submit()
	popup, err := opened()
	if err != nil {
		t.Fatalf("wait for the window: %v", err)
	}
	t.Cleanup(func() { _ = popup.Close() })
	f.answer(zov)
}

package browser

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-rod/rod/lib/proto"
)

// What a page may want from a person, and none is there: dialogs, windows and
// downloads.

// answerDialog answers a dialog of the page's, which stops all scripts of the
// page, and every call of ours to it, until it is answered. Only the question
// whether to leave the page is agreed to. It is called by the connection's
// reader, so the answer is sent by a goroutine of the connection's.
func (t *tab) answerDialog(params json.RawMessage) {
	var e proto.PageJavascriptDialogOpening
	if json.Unmarshal(params, &e) != nil {
		return
	}
	conn := t.chrome.conn
	conn.jobs.Go(func() {
		ctx, cancel := context.WithTimeout(t.alive, tabTimeout)
		defer cancel()
		// If it fails the dialog has gone, or the page has.
		_ = proto.PageHandleJavaScriptDialog{Accept: e.Type == proto.PageDialogTypeBeforeunload}.Call(conn.in(ctx, t.session))
	})
}

// closeWindows closes what the page has opened besides itself: windows would
// stay, each with its memory, as long as the page's context does.
func (t *tab) closeWindows() error {
	ctx, cancel := context.WithTimeout(t.alive, tabTimeout)
	defer cancel()
	browser := t.chrome.conn.in(ctx, "")
	open, err := proto.TargetGetTargets{}.Call(browser)
	if err != nil {
		return err
	}
	var errs []error
	for _, target := range open.TargetInfos {
		if target.BrowserContextID != t.context || target.TargetID == t.target || target.Type != proto.TargetTargetInfoTypePage {
			continue
		}
		_, err := proto.TargetCloseTarget{TargetID: target.TargetID}.Call(browser)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// refuseDownloads keeps files that the page offers off the disk.
func (t *tab) refuseDownloads(ctx context.Context) error {
	return proto.BrowserSetDownloadBehavior{
		Behavior: proto.BrowserSetDownloadBehaviorBehaviorDeny, BrowserContextID: t.context,
	}.Call(t.chrome.conn.in(ctx, ""))
}

package browser

import "testing"

// TestWorksIn tells a browser that works in a profile from whatever else names it.
func TestWorksIn(t *testing.T) {
	t.Parallel()
	const dir = "/tmp/czvm-chromium-1-12"
	tests := []struct {
		name    string
		cmdline string
		want    bool
	}{
		{"the browser", "/usr/bin/chromium\x00--headless\x00--user-data-dir=" + dir + "\x00about:blank\x00", true},
		{"its last argument", "chromium\x00--user-data-dir=" + dir + "\x00", true},
		{"one with a longer name", "chromium\x00--user-data-dir=" + dir + "3\x00", false},
		{"a folder in it", "chromium\x00--user-data-dir=" + dir + "/Default\x00", false},
		{"an editor", "vi\x00" + dir + "/Local State\x00", false},
		{"a follower", "tail\x00-f\x00" + dir + "\x00", false},
		{"a searcher", "pgrep\x00-f\x00chromium --user-data-dir=" + dir + "\x00", false},
		{"a kernel thread", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (process{cmdline: tt.cmdline}).worksIn(dir); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

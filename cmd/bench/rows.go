package main

// suites are the arguments of the go test runs, one after the other so that
// they do not disturb each other.
func suites() [][]string {
	return [][]string{
		{"-bench", ".", "-benchtime", "100x", "./adapters/portal/czmoi"},
		{"-bench", "Thousand|Commit|Copy", "-benchtime", "1x", "./adapters/boltstore"},
		{"-bench", "Backup100MB", "-benchtime", "3x", "./adapters/boltstore"},
		{"-bench", "Listing", "-benchtime", "200x", "./adapters/boltstore"},
		{"-bench", "Seal", "-benchtime", "20000x", "./adapters/agebox"},
		{"-bench", "Calibrated", "-benchtime", "10x", "./app/account"},
		{"-bench", "Binary|ResidentMemory", "-benchtime", "1x", "./cmd/cz-visa-monitor"},
	}
}

// rows is the table.
func rows() []row {
	return []row{
		{what: "ŽOV check on a warm page above a direct POST", bench: "Check/zov", unit: "above-ms", reach: 80},
		{what: "OAM check on a warm page above a direct POST", bench: "Check/oam", unit: "above-ms", reach: 80},
		{what: "a direct POST of the same query", bench: "Check/zov", unit: "floor-p50-ms", floor: true},
		{what: "ŽOV checks a second, 2 pages, 50 ms answer", bench: "Throughput/zov", unit: "checks/s", reach: 15, atLeast: true},
		{what: "OAM checks a second, 2 pages, 50 ms answer", bench: "Throughput/oam", unit: "checks/s", reach: 15, atLeast: true},
		{what: "browser tree, 1 page, headless-shell (PSS)", bench: "Check/oam", unit: "browser-MB", reach: 320},
		{what: "one durable transaction on this disk", bench: "Commit", unit: "ns/op", floor: true},
		{what: "start to ready at 100,000 applications", bench: "HundredThousand", unit: "ms-start", reach: 1000},
		{what: "due selection and rescheduling at 100,000 applications", bench: "HundredThousand", unit: "ms/check", reach: 1},
		{what: "sealing a value of 500 bytes", bench: "Seal", unit: "ns/op", reach: 2000},
		{what: "sealing and opening it", bench: "SealAndOpen", unit: "ns/op", reach: 2000},
		{what: "the home page's query of 10,000 sealed applications, 95 of 100", bench: "Listing/news", unit: "p95-ms/page", reach: 10},
		{what: "the same by label", bench: "Listing/label", unit: "p95-ms/page", reach: 10},
		{what: "the same with a search", bench: "Listing/search", unit: "p95-ms/page", reach: 10},
		{what: "to open the 50 that it shows", bench: "Listing/news", unit: "p95-ms/floor", floor: true},
		{what: "memory of the list at 100,000 applications", bench: "IndexOfHundredThousand", unit: "MB", reach: 60},
		{what: "the first list at 100,000 applications, once", bench: "IndexOfHundredThousand", unit: "ms-first", reach: 6000},
		{what: "a scrape of the figures at 10,000 applications, 95 of 100", bench: "Scrape", unit: "p95-ms/scrape", reach: 5},
		{what: "the same request, answered with the figures of Go and the process alone", bench: "Scrape", unit: "p95-ms/floor", floor: true},
		{what: "a backup of 100 MB, verified", bench: "Backup100MB", unit: "s/backup", reach: 3},
		{what: "a copy of 100 MB, brought to the disk", bench: "Copy100MB", unit: "s/copy", floor: true},
		{what: "a password hash, with the work chosen for this machine", bench: "Calibrated", unit: "ms/hash", reach: 150},
		{what: "browser processes when idle", bench: "ResidentMemory", unit: "browser-processes", reach: 0},
		{what: "our process, 1,000 applications, browser stopped", bench: "ResidentMemory", unit: "MB", reach: 40},
		{what: "binary, stripped, static, amd64", bench: "Binary", unit: "MB", reach: 28},
	}
}

// uiSuites are the runs for the pages.
func uiSuites() [][]string {
	return [][]string{{"-bench", "^BenchmarkHome$", "-benchtime", "1x", "./cmd/cz-visa-monitor"}}
}

// uiRows is the table for the pages.
func uiRows() []row {
	return []row{
		{what: "home on the first visit, all requests", bench: "Home", unit: "first-KB", reach: 100},
		{what: "scripts among it", bench: "Home", unit: "script-KB", reach: 35},
		{what: "home at 10,000 sealed applications, 95 of 100", bench: "Home", unit: "p95-ms/page", reach: 30},
		{what: "from a check in the store to the page, at worst", bench: "Home", unit: "ms-live", reach: 1000},
		{what: "Lighthouse on a phone: performance", bench: "Home", unit: "performance", reach: 95, atLeast: true},
		{what: "Lighthouse on a phone: accessibility", bench: "Home", unit: "accessibility", reach: 95, atLeast: true},
		{what: "Lighthouse on a phone: best practices", bench: "Home", unit: "best-practices", reach: 95, atLeast: true},
	}
}

package main

// suites are the arguments of the go test runs, one after the other so that
// they do not disturb each other.
func suites() [][]string {
	return [][]string{
		{"-bench", ".", "-benchtime", "100x", "./adapters/portal/czmoi"},
		{"-bench", ".", "-benchtime", "1x", "./adapters/boltstore"},
		{"-bench", ".", "-benchtime", "1x", "./cmd/cz-visa-monitor"},
	}
}

// rows is the table.
func rows() []row {
	return []row{
		{what: "start to ready at 100,000 applications", bench: "HundredThousand", unit: "ms-start", reach: 1000},
		{what: "due selection and rescheduling at 100,000 applications", bench: "HundredThousand", unit: "ms/check", reach: 1},
		{what: "our process, 1,000 applications, browser stopped", bench: "ResidentMemory", unit: "MB", reach: 40},
		{what: "binary, stripped, static, amd64", bench: "Binary", unit: "MB", reach: 20},
	}
}

package visa_test

import (
	"errors"
	"fmt"

	"cz-visa-monitor/app/visa"
)

func ExampleParse() {
	ref, err := visa.Parse("č. j. 090045-6 / dp 2025")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ref)
	fmt.Println(ref.Identity())
	fmt.Println(ref.Masked())
	fmt.Printf("%+v\n", ref.Query())
	// Output:
	// OAM-90045-6/DP-2025
	// OAM-90045/DP-2025
	// OAM-•••45/DP-2025
	// {ZOV: Number:90045 Category:DP Year:2025}
}

func ExampleParse_wrong() {
	_, err := visa.Parse("ZZZZ 2025 0814 9OO1")
	fmt.Println(err)
	if bad, ok := errors.AsType[*visa.ParseError](err); ok {
		fmt.Println(bad.Part, bad.Code())
	}
	// Output:
	// After the four letters only digits follow, and here there is the letter "O". Should it be "0"?
	// digits digits.letter
}

func ExampleReference_Filed() {
	ref, err := visa.Parse("ŽOV: ZZZZ 2025 0814 9001")
	if err != nil {
		fmt.Println(err)
		return
	}
	day, ok := ref.Filed()
	fmt.Println(day.Format("2 January 2006"), ok)
	// Output: 14 August 2025 true
}

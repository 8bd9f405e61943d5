module cz-visa-monitor

go 1.26

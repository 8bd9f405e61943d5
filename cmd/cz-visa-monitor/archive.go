package main

func archiveOperations() map[string]operation { return nil }

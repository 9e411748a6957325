package p

import DiffSite "strings"

type FindingRecord struct{}

func MergeFinding() {}

var visitRecords = DiffSite.ToUpper("x")

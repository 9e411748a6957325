package p_test

import "github.com/resetgen/resetgen/testdata/golden/err_external_test"

type Visit struct {
	ID      string `reset:"key"`
	Finding p.Finding
	Note    string `reset:"merge=longest"`
}

module github.com/resetgen/resetgen/runtime/store/boltstore

go 1.26.0

require (
	github.com/gofrs/flock v0.13.2
	go.etcd.io/bbolt v1.5.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/aymanbagabas/go-udiff v0.4.1 // indirect
	github.com/natefinch/atomic v1.0.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

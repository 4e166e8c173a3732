module detente.example/interop

go 1.26.0

require (
	filippo.io/mldsa v1.0.0
	golang.org/x/mod v0.42.0
)

// Package conformance holds the official QuickSight client and this
// repository's client side by side. Its tests show that both send the same
// bytes and understand responses in the same way, except for what each
// [Difference] names. Its benchmarks, and the command in bench, measure what
// each client costs.
//
// It is a module of its own, so that no user of the library downloads the
// official client.
package conformance

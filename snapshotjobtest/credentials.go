package snapshotjobtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// newCredentials derives temporary credentials from whose they are.
func (s *Server) newCredentials(kind, name string) aws.Credentials {
	h := fnv.New64a()
	h.Write([]byte(kind + "\x00" + name))
	r := rand.New(rand.NewPCG(s.options.Seed, h.Sum64()))
	return aws.Credentials{
		AccessKeyID:     fmt.Sprintf("ASIA%016X", r.Uint64()),
		SecretAccessKey: randomText(r, 40),
		SessionToken:    randomText(r, 356),
		Source:          "snapshotjobtest",
	}
}

func randomText(r *rand.Rand, n int) string {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		v := r.Uint64()
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40))
	}
	return base64.StdEncoding.EncodeToString(b)[:n]
}

// ownCredentials returns those of the server's own user that are good now.
func (s *Server) ownCredentials(context.Context) (aws.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, nil
}

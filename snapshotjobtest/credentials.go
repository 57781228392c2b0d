package snapshotjobtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// newCredentials makes temporary credentials. They depend on the server's seed and
// on whose they are, and on nothing else.
func (s *Server) newCredentials(kind, name string) aws.Credentials {
	random := rand.New(rand.NewPCG(s.options.Seed, hashOf(kind, name)))
	return aws.Credentials{
		AccessKeyID:     fmt.Sprintf("ASIA%016X", random.Uint64()),
		SecretAccessKey: randomText(random, 40),
		SessionToken:    randomText(random, 356),
		Source:          "snapshotjobtest",
	}
}

// randomText returns n characters of base64.
func randomText(random *rand.Rand, n int) string {
	data := make([]byte, 0, n+8)
	for len(data) < n {
		v := random.Uint64()
		data = append(data, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40))
	}
	return base64.StdEncoding.EncodeToString(data)[:n]
}

// credentialsProvider returns a provider of the credentials that the server's own
// user has at the time. It caches them as a provider of real ones does.
func (s *Server) credentialsProvider() aws.CredentialsProvider {
	retrieve := func(context.Context) (aws.Credentials, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.current, nil
	}
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(retrieve))
}

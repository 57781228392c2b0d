package snapshotjobtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// user is one pair of keys of somebody.
type user struct {
	name        string // "" for the server's own
	credentials aws.Credentials
	registered  bool // the credentials are identity-enhanced
	expired     bool
	service     bool // QuickSight itself, when it presigns URLs
}

// AddUser makes the server accept a user of this name besides its own, and
// returns the user's temporary credentials. Who didn't start a job may not ask
// about it.
func (s *Server) AddUser(name string) aws.CredentialsProvider { return s.addUser(name, false) }

// AddRegisteredUser is AddUser for a registered user of QuickSight, with
// identity-enhanced credentials: jobs must come without UserConfiguration, and
// their results stand under RegisteredUsers.
func (s *Server) AddRegisteredUser(name string) aws.CredentialsProvider { return s.addUser(name, true) }

func (s *Server) addUser(name string, registered bool) aws.CredentialsProvider {
	if name == "" {
		panic("snapshotjobtest: a user without a name: that is the server's own")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newCredentials(fmt.Sprint("user, registered: ", registered), name)
	s.users[c.AccessKeyID] = &user{name: name, credentials: c, registered: registered}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// ExpireCredentials makes the credentials of the server's own user expire, and
// gives that user new ones. Requests that are signed with the old ones are
// answered ExpiredTokenException. What [Server.Client] and [Server.Config]
// returned, and will return, asks for the new ones when its cached credentials
// are invalidated.
func (s *Server) ExpireCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[s.current.AccessKeyID].expired = true
	s.rotations++
	s.current = s.newCredentials("own", fmt.Sprint(s.rotations))
	s.users[s.current.AccessKeyID] = &user{credentials: s.current}
}

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

type keyState int

const (
	goodKey keyState = iota
	unknownKey
	wrongToken
	expiredKey
)

func (s *Server) whoIs(accessKeyID, token string) (*user, keyState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[accessKeyID]
	switch {
	case u == nil:
		return nil, unknownKey
	case !equal(u.credentials.SessionToken, token):
		return u, wrongToken
	case u.expired:
		return u, expiredKey
	}
	return u, goodKey
}

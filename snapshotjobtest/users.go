package snapshotjobtest

import (
	"context"
	"fmt"

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

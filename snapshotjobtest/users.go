package snapshotjobtest

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// user is a pair of keys that the server accepts, and whose they are. When somebody
// gets new keys, as [Server.ExpireCredentials] does it, there are two of the same name:
// the old one is expired then.
type user struct {
	name        string // "" for the server's own
	credentials aws.Credentials
	registered  bool // the credentials are identity-enhanced
	service     bool // QuickSight itself, when it presigns URLs
	expired     bool // guarded by the server's mutex
}

// AddUser makes the server accept a user of this name besides its own, and returns
// the user's temporary credentials. A user who didn't start a job may not ask about
// it, and gets an AccessDeniedException. AddUser panics if the name is empty, which
// is that of the server's own user.
func (s *Server) AddUser(name string) aws.CredentialsProvider {
	return s.addNamedUser(name, false)
}

// AddRegisteredUser is AddUser for a registered user of QuickSight, whose
// credentials are identity-enhanced: the jobs that such a user starts must come
// without UserConfiguration, and their results stand under RegisteredUsers.
func (s *Server) AddRegisteredUser(name string) aws.CredentialsProvider {
	return s.addNamedUser(name, true)
}

// addNamedUser makes a user with new credentials.
func (s *Server) addNamedUser(name string, registered bool) aws.CredentialsProvider {
	if name == "" {
		panic("snapshotjobtest: a user without a name: that is the server's own")
	}
	credentials := s.newCredentials(fmt.Sprint("user, registered: ", registered), name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addUserLocked(&user{name: name, credentials: credentials, registered: registered})
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return credentials, nil
	})
}

// addUserLocked makes the server accept a user.
func (s *Server) addUserLocked(u *user) {
	s.users[u.credentials.AccessKeyID] = u
}

// ExpireCredentials makes the credentials of the server's own user expire, and
// gives that user new ones. Requests that are signed with the old ones get an
// ExpiredTokenException. What [Server.Client] and [Server.Config] returned, and
// will return, asks for the new ones when its cached credentials are invalidated.
func (s *Server) ExpireCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[s.current.AccessKeyID].expired = true
	s.rotations++
	s.current = s.newCredentials("own", fmt.Sprint(s.rotations))
	s.addUserLocked(&user{credentials: s.current})
}

// keyState is what the server knows of a key and the token that came with it.
type keyState int

const (
	keyGood keyState = iota
	keyUnknown
	keyWithWrongToken
	keyExpired
)

// findKey returns the user of a key and the state of the key together with a session
// token. The user is nil only if the key is unknown. The session token of a key that has
// none is "".
func (s *Server) findKey(accessKeyID, token string) (*user, keyState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[accessKeyID]
	switch {
	case u == nil:
		return nil, keyUnknown
	case !equalSecrets(u.credentials.SessionToken, token):
		return u, keyWithWrongToken
	case u.expired:
		return u, keyExpired
	}
	return u, keyGood
}

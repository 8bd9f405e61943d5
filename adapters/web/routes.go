package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// routes is the whole surface. authenticate asks who it is, except on the routes
// that public names; each handler asks whether he may.
func (s *Server) routes() {
	e := s.echo
	e.Use(s.observe, s.noteRefusals, s.harden, s.recoverPanic, s.properHost, s.authenticate, s.sameOrigin)

	both := []string{http.MethodGet, http.MethodHead}
	e.Match(both, "/", s.showHome)
	e.POST("/", s.showHome, form)
	e.Match(both, assetPath, s.showAsset)
	e.Match(both, manifestPath, s.showManifest)
	e.Match(both, workerPath, s.showWorker)
	e.GET(offlinePath, s.showOffline)
	e.GET("/help", s.showHelp)
	e.POST("/help", s.askHelp, form)
	e.GET("/help/:topic", s.showTopic)
	e.Match(both, "/healthz", s.healthz)
	e.Match(both, "/readyz", s.readyz)
	e.GET(openAPIPath, s.showOpenAPI)

	s.doors()

	s.pageRoutes()
	s.firstRoutes()

	s.adminRoutes()

	api := e.Group(apiPath)

	api.GET("/applications", s.listApplications)
	api.POST("/applications", s.addApplication)
	api.POST("/letters", s.readLetter)
	api.GET("/applications/:id", s.getApplication)
	api.PATCH("/applications/:id", s.editApplication)
	api.DELETE("/applications/:id", s.removeApplication)
	api.GET("/applications/:id/history", s.getHistory)
	api.GET("/applications/:id/checks", s.getChecks)
	api.POST("/applications/:id/check", s.checkNow)
	api.POST("/applications/:id/seen", s.markSeen)
	api.POST("/applications/:id/watchers", s.addWatcher)

	api.GET("/channels", s.listChannels)
	api.POST("/channels", s.addChannel)
	api.GET("/channels/kinds", s.listKinds)
	api.POST("/channels/test", s.testUnsavedChannel)
	api.GET("/channels/:id", s.getChannel)
	api.PATCH("/channels/:id", s.editChannel)
	api.DELETE("/channels/:id", s.removeChannel)
	api.POST("/channels/:id/test", s.testChannel)

	api.GET("/deliveries", s.listDeliveries)
	api.POST("/deliveries/:id/retry", s.retryDelivery)

	s.dataRoutes(api)

	api.GET("/source", s.getSource)
	api.GET("/events", s.streamEvents)

	s.accountRoutes(api)
}

// doors are the pages through which people come in and go out, and what they see to
// for themselves.
func (s *Server) doors() {
	e := s.echo
	e.GET("/sign-in", s.showSignIn)
	e.POST("/sign-in", s.signIn, form)
	e.GET("/second-factor", s.showSecondFactor)
	e.POST("/second-factor", s.giveSecondFactor, form)
	e.GET("/external", s.beginExternal)
	e.GET("/external-back", s.endExternal)
	e.POST("/sign-out", s.signOut, form)
	e.GET("/setup", s.showSetup)
	e.POST("/setup", s.setUp, form)
	e.GET("/join", s.showJoin)
	e.POST("/join", s.join, form)
	e.GET("/share", s.showShare)
	e.POST("/share", s.openShare, form)
	e.GET("/account", s.showAccount)
	e.POST("/account", s.changeAccount, form)
	e.GET("/account/export", s.export)
	e.GET("/account/erase", s.showErasure)
	e.POST("/account/erase", s.eraseMyself, form)
	e.GET("/recovery-sheet", s.showRecovery)
	e.POST("/recovery-sheet", s.openRecovery, form)
}

// pageRoutes are the pages about single applications, channels, what went through them,
// people and groups.
func (s *Server) pageRoutes() {
	e := s.echo
	e.Match([]string{http.MethodGet, http.MethodHead}, "/applications/:id", s.showApplication)
	e.POST("/applications/:id", s.changeApplication, form)
	e.GET("/applications/:id/edit", s.showApplicationForm)
	e.POST("/applications/:id/edit", s.editApplicationByForm, form)
	e.GET("/applications/:id/remove", s.showApplicationRemoval)
	e.POST("/applications/:id/remove", s.removeApplicationByForm, form)
	e.GET("/applications/:id/share", s.showShareLinks)
	e.POST("/applications/:id/share", s.changeShareLinks, form)
	e.GET("/channels", s.showChannels)
	e.GET("/channels/new", s.showNewChannel)
	e.POST("/channels/new", s.addChannelByForm, form)
	e.GET("/channels/:id", s.showChannel)
	e.POST("/channels/:id", s.editChannelByForm, form)
	e.GET("/channels/:id/delete", s.showChannelRemoval)
	e.POST("/channels/:id/delete", s.removeChannelByForm, form)
	e.GET("/deliveries", s.showDeliveries)
	e.POST("/deliveries", s.changeDeliveries, form)
	e.GET("/people", s.showPeople)
	e.GET("/people/new", s.showNewPerson)
	e.POST("/people/new", s.addPersonByForm, form)
	e.GET("/people/:id", s.showPersonPage)
	e.POST("/people/:id", s.editPersonByForm, form)
	e.GET("/people/:id/delete", s.showPersonRemoval)
	e.POST("/people/:id/delete", s.removePersonByForm, form)
	e.GET("/groups", s.showGroups)
	e.POST("/groups", s.beginGroup, form)
	e.GET("/groups/:id", s.showGroup)
	e.POST("/groups/:id", s.changeGroup, form)
	e.GET("/groups/:id/leave", s.showLeave)
	e.POST("/groups/:id/leave", s.leaveByForm, form)
	e.GET("/groups/:id/delete", s.showGroupRemoval)
	e.POST("/groups/:id/delete", s.removeGroupByForm, form)
}

// adminRoutes are the pages of whoever runs the appliance.
func (s *Server) adminRoutes() {
	e := s.echo
	e.GET("/admin", s.showAdmin)
	e.GET("/admin/users", s.showUsers)
	e.POST("/admin/users", s.changeUsers, form)
	e.GET("/admin/users/:id", s.showUser)
	e.POST("/admin/users/:id", s.changeUser, form)
	e.GET("/admin/users/:id/remove", s.showRemoval)
	e.POST("/admin/users/:id/remove", s.removeOnPage, form)
	e.GET("/admin/backups", s.showBackups)
	e.POST("/admin/backups", s.changeBackups, form)
	e.GET("/admin/audit", s.showAudit)
	e.POST("/admin/audit", s.verifyOnPage, form)
	e.GET("/admin/settings", s.showSettings)
	e.GET("/admin/log", s.showLog)
	e.GET("/admin/keys", s.showKeys)
}

// firstRoutes are the pages by which numbers come in, and the first steps.
func (s *Server) firstRoutes() {
	e := s.echo
	e.GET(addPath, s.showAdd)
	e.POST(addPath, s.addByForm) // It reads its form itself, for the sake of the letter in it.
	e.GET("/start", s.showStart)
	e.POST("/start", s.doStart, form)
}

// accountRoutes is the part of the API about who may use the appliance.
func (s *Server) accountRoutes(api *echo.Group) {
	api.GET("/me", s.getMe)

	api.GET("/users", s.listUsers)
	api.POST("/users", s.addUser)
	api.GET("/users/:id", s.getUser)
	api.PATCH("/users/:id", s.editUser)
	api.DELETE("/users/:id", s.removeUser)
	api.POST("/users/:id/reset", s.resetUser)
	api.DELETE("/users/:id/second-factor", s.removeSecondFactor)
	api.GET("/users/:id/sessions", s.listUserSessions)
	api.DELETE("/users/:id/sessions", s.removeUserSessions)

	api.GET("/invitations", s.listInvitations)
	api.POST("/invitations", s.addInvitation)
	api.DELETE("/invitations/:id", s.removeInvitation)

	api.GET("/groups", s.listGroups)
	api.POST("/groups", s.addGroup)
	api.GET("/groups/:id", s.getGroup)
	api.PATCH("/groups/:id", s.editGroup)
	api.DELETE("/groups/:id", s.removeGroup)
	api.POST("/groups/:id/members", s.addMember)
	api.PATCH("/groups/:id/members/:user", s.editMember)
	api.DELETE("/groups/:id/members/:user", s.removeMember)

	api.GET("/tokens", s.listTokens)
	api.POST("/tokens", s.addToken)
	api.DELETE("/tokens/:id", s.removeToken)

	api.GET("/sessions", s.listSessions)
	api.DELETE("/sessions", s.removeSessions)
	api.DELETE("/sessions/:id", s.removeSession)

	api.GET("/audit", s.listAudit)
	api.GET("/audit/export", s.exportAudit)
	api.GET("/audit/verify", s.verifyAudit)
}

// dataRoutes are those of people, and of what leaves the appliance, comes in from
// there, or is to be gone.
func (s *Server) dataRoutes(api *echo.Group) {
	api.GET("/people", s.listPeople)
	api.POST("/people", s.addPerson)
	api.POST("/people/mrz", s.readMRZ)
	api.GET("/people/:id", s.getPerson)
	api.PATCH("/people/:id", s.editPerson)
	api.DELETE("/people/:id", s.removePerson)
	api.GET("/applications/:id/people", s.listPeopleOf)

	api.GET("/backups", s.listBackups)
	api.POST("/backups", s.makeBackup)
	api.GET("/backups/:name", s.downloadBackup)
	api.POST("/backups/:name/verify", s.verifyBackup)

	api.GET("/export", s.export)
	api.POST("/import", s.importArchive)
	api.POST("/erase", s.erase)
}

const (
	apiPath     = "/api/v1"
	openAPIPath = apiPath + "/openapi.yaml"
	assetPath   = "/assets/:version/:name"
)

// noContent ends a request that has nothing to say.
func noContent(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

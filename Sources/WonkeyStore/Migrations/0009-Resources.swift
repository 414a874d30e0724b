extension Migration {
    /// Versions for changes that name what they change, the project that a user's keys go to, and the audit log by project.
    static let resources = Self(
        number: 9,
        name: "resources",
        template: """
            ALTER TABLE projects ADD COLUMN version {int} NOT NULL DEFAULT 1;
            ALTER TABLE projects ADD COLUMN default_of TEXT REFERENCES users (id) ON DELETE SET NULL;
            CREATE UNIQUE INDEX projects_default ON projects (org_id, default_of);
            ALTER TABLE keys ADD COLUMN version {int} NOT NULL DEFAULT 1;
            CREATE INDEX audit_log_project ON audit_log (project_id, time, id);
            """
    )
}

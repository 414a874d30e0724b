import Testing
import WonkeyRedis

@Suite struct RedisSettingsTests {
    @Test(
        "URLs are read and shown without the password",
        arguments: [
            ("redis://localhost", "redis://localhost:6379/0"),
            ("redis://10.0.0.1:7000/3", "redis://10.0.0.1:7000/3"),
            ("rediss://[::1]:7000", "rediss://[::1]:7000/0"),
            ("redis://:s%40crt@h/1", "redis://:***@h:6379/1"),
            ("REDIS://u:p@ss@h:1/", "redis://u:***@h:1/0"),
            ("unix:/run/a@b.sock", "unix:///run/a@b.sock?db=0"),
            ("unix:///run/r.sock?db=2", "unix:///run/r.sock?db=2"),
            ("unix://u:p@/run/r.sock", "unix://u:***@/run/r.sock?db=0"),
        ]
    )
    func reading(_ url: String, _ shown: String) throws {
        let settings = try RedisSettings(url: url)
        #expect("\(settings)" == shown)
        #expect(String(reflecting: settings) == shown)
    }

    @Test("credentials are percent-decoded and never dumped")
    func credentials() throws {
        let settings = try RedisSettings(url: "redis://us%3Aer:s%40cret%2F@h")
        #expect(settings.username == "us:er")
        #expect(settings.password == "s@cret/")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("cret"))
        #expect(dumped.contains("h:6379"))
    }

    @Test(
        "faulty URLs are refused without repeating them",
        arguments: [
            "", "localhost", "http://h", "redis:h", "redis://", "redis://h:0", "redis://h:70000", "redis://h:x",
            "redis://h/x", "redis://h/-1", "redis://h/+1", "redis://secret@h", "redis://u:%zz@h", "redis://u:%ff@h",
            "unix:relative", "unix:/", "unix:/a?x=1", "redis://[::1]x", "redis://h?x=secret",
            "unix:/" + String(repeating: "a", count: 107),
        ]
    )
    func faults(_ url: String) {
        #expect {
            try RedisSettings(url: url)
        } throws: { error in
            (error as? RedisSettingsError)?.message.contains("secret") == false
        }
    }
}

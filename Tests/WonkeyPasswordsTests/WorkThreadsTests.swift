import Dispatch
import Testing
import WonkeyCore

@testable import WonkeyPasswords

@Suite("Passwords: threads")
struct WorkThreadsTests {
    @Test("what finds every thread taken and the queue full is busy at once, and the work under way is done")
    func busy() async throws {
        let threads = WorkThreads(label: "test", count: 1, waitingMax: 0)
        let gate = DispatchSemaphore(value: 0)
        let (entered, entering) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await threads.run {
                entering.finish()
                gate.wait()
                return 1
            }
        }
        for await _ in entered {}
        let error = await #expect(throws: PasswordHasherError.self) { try await threads.run { 2 } }
        #expect(error?.code == .busy)
        gate.signal()
        #expect(try await first.value == 1)
        // The thread is free again, or about to be.
        var again: Int?
        while again == nil { again = try? await threads.run { 3 } }
        #expect(again == 3)
    }

    @Test("what waits is done, however few threads there are")
    func queue() async throws {
        let threads = WorkThreads(label: "test", count: 1, waitingMax: 20)
        let results = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 { group.addTask { try await threads.run { number } } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(results == Set(0..<20))
    }
}

import Testing

@testable import WonkeyRedis

@Suite struct RedisConnectionMachineTests {
    typealias State = RedisConnectionMachine.State

    enum Event: CaseIterable {
        case started, opened, greetingAnswered, callAnswered, lost, waitEnded, stopped
    }

    /// A machine brought to a state by the events that lead there.
    private static func machine(_ state: State) -> RedisConnectionMachine {
        var machine = RedisConnectionMachine()
        func connect(failures: Int) {
            _ = machine.started()
            for _ in 0..<failures {
                _ = machine.lost(jitter: 0)
                _ = machine.waitEnded()
            }
        }
        switch state {
        case .idle: break
        case .connecting(let failures): connect(failures: failures)
        case .greeting(let failures, let awaited):
            connect(failures: failures)
            _ = machine.opened(greetingCount: awaited)
        case .ready(let failures):
            connect(failures: failures)
            _ = machine.opened(greetingCount: 1)
            _ = machine.greetingAnswered()
        case .backingOff(let failures):
            connect(failures: failures - 1)
            _ = machine.lost(jitter: 0)
        case .stopped: _ = machine.stopped()
        }
        return machine
    }

    /// The action as text, so that one table holds all events.
    private static func handle(_ event: Event, _ machine: inout RedisConnectionMachine) -> String {
        switch event {
        case .started: "\(machine.started())"
        case .opened: "\(machine.opened(greetingCount: 2))"
        case .greetingAnswered: "\(machine.greetingAnswered())"
        case .callAnswered: "\(machine.callAnswered())"
        case .lost:
            switch machine.lost(jitter: 1) {
            case .none: "none"
            case .retry(let wait, let wasReady):
                "retry \(wait.components.attoseconds / 1_000_000_000_000_000) \(wasReady)"
            }
        case .waitEnded: "\(machine.waitEnded())"
        case .stopped: "\(machine.stopped())"
        }
    }

    static let table: [(State, [(Event, String, State)])] = [
        (
            .idle,
            [
                (.started, "connect", .connecting(failures: 0)), (.opened, "close", .idle),
                (.greetingAnswered, "none", .idle), (.callAnswered, "()", .idle), (.lost, "none", .idle),
                (.waitEnded, "none", .idle), (.stopped, "none", .stopped),
            ]
        ),
        (
            .connecting(failures: 1),
            [
                (.started, "none", .connecting(failures: 1)), (.opened, "greet", .greeting(failures: 1, awaited: 2)),
                (.greetingAnswered, "none", .connecting(failures: 1)),
                (.callAnswered, "()", .connecting(failures: 1)),
                (.lost, "retry 40 false", .backingOff(failures: 2)),
                (.waitEnded, "none", .connecting(failures: 1)), (.stopped, "close", .stopped),
            ]
        ),
        (
            .greeting(failures: 1, awaited: 2),
            [
                (.started, "none", .greeting(failures: 1, awaited: 2)),
                (.opened, "close", .greeting(failures: 1, awaited: 2)),
                (.greetingAnswered, "none", .greeting(failures: 1, awaited: 1)),
                (.callAnswered, "()", .greeting(failures: 1, awaited: 2)),
                (.lost, "retry 40 false", .backingOff(failures: 2)),
                (.waitEnded, "none", .greeting(failures: 1, awaited: 2)), (.stopped, "close", .stopped),
            ]
        ),
        (.greeting(failures: 1, awaited: 1), [(.greetingAnswered, "becomeReady", .ready(failures: 1))]),
        (
            .ready(failures: 2),
            [
                (.started, "none", .ready(failures: 2)), (.opened, "close", .ready(failures: 2)),
                (.greetingAnswered, "none", .ready(failures: 2)), (.callAnswered, "()", .ready(failures: 0)),
                (.lost, "retry 80 true", .backingOff(failures: 3)), (.waitEnded, "none", .ready(failures: 2)),
                (.stopped, "close", .stopped),
            ]
        ),
        (.ready(failures: 0), [(.lost, "retry 20 true", .backingOff(failures: 1))]),
        (
            .backingOff(failures: 3),
            [
                (.started, "none", .backingOff(failures: 3)), (.opened, "close", .backingOff(failures: 3)),
                (.greetingAnswered, "none", .backingOff(failures: 3)),
                (.callAnswered, "()", .backingOff(failures: 3)), (.lost, "none", .backingOff(failures: 3)),
                (.waitEnded, "connect", .connecting(failures: 3)), (.stopped, "cancelRetry", .stopped),
            ]
        ),
        (
            .stopped,
            [
                (.started, "none", .stopped), (.opened, "close", .stopped), (.greetingAnswered, "none", .stopped),
                (.callAnswered, "()", .stopped), (.lost, "none", .stopped), (.waitEnded, "none", .stopped),
                (.stopped, "none", .stopped),
            ]
        ),
    ]

    @Test("every state answers every event", arguments: table)
    func transitions(_ state: State, _ rows: [(event: Event, action: String, next: State)]) {
        for row in rows {
            var machine = Self.machine(state)
            #expect(machine.state == state)
            #expect(Self.handle(row.event, &machine) == row.action, "\(row.event)")
            #expect(machine.state == row.next, "\(row.event)")
        }
    }

    @Test(
        "the wait doubles from 20 ms to 1 s, and at least half of it is kept",
        arguments: [(1, 10, 20), (2, 20, 40), (3, 40, 80), (6, 320, 640), (7, 500, 1_000), (1_000, 500, 1_000)]
    )
    func waits(_ failures: Int, _ shortest: Int, _ longest: Int) {
        #expect(RedisConnectionMachine.wait(failures: failures, jitter: 0) == .milliseconds(shortest))
        #expect(RedisConnectionMachine.wait(failures: failures, jitter: 1) == .milliseconds(longest))
    }
}

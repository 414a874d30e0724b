/// One hot function, ready to be run so many times.
struct MicroBenchmark: Sendable {
    let name: String
    /// Prepares what the function needs and returns the function itself.
    ///
    /// What a run returns is printed in the end, so that the compiler cannot leave the work out.
    let prepare: @Sendable () throws -> () throws -> Int
}

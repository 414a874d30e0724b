/// A text is no JSON as it is read here.
package struct JSONSyntaxError: Error, Equatable {
    /// In bytes from the start.
    package var offset: Int
    package var message: String
}

/// What a JSON text is read into.
package protocol JSONTree {
    /// How deep values may be nested; a text that goes deeper is refused.
    static var depthMax: Int { get }

    static var null: Self { get }
    static func truth(_ value: Bool) -> Self
    /// A number as written; `nil` if it cannot be held.
    static func number(text: String) -> Self?
    /// A string without its escapes, of bytes that nobody has checked yet; `nil` if they cannot be held.
    static func string(bytes: ArraySlice<UInt8>) -> Self?
    static func array(_ elements: [Self]) -> Self
    /// An object's members in the order written, repeated names included; `nil` if they cannot be held.
    static func object(named members: [(name: String, value: Self)]) -> Self?
}

extension JSONTree {
    /// Reads a whole JSON text (RFC 8259), strictly: no comments, no trailing commas, no lone surrogates, a bounded depth.
    ///
    /// - Parameter bytes: UTF-8.
    /// - Throws: ``JSONSyntaxError``.
    package init(json bytes: [UInt8]) throws(JSONSyntaxError) {
        var reader = JSONReader(bytes)
        self = try reader.value(depth: 0)
        try reader.end()
    }
}

/// Builds values out of what ``JSONLexer`` finds.
private struct JSONReader {
    private var lexer: JSONLexer

    init(_ bytes: [UInt8]) {
        self.lexer = JSONLexer(bytes)
    }

    mutating func end() throws(JSONSyntaxError) {
        self.lexer.skipBlanks()
        guard self.lexer.next == nil else { throw self.lexer.failure("something follows the value") }
    }

    mutating func value<Tree: JSONTree>(depth: Int) throws(JSONSyntaxError) -> Tree {
        guard depth < Tree.depthMax else { throw self.lexer.failure("nested too deeply") }
        self.lexer.skipBlanks()
        guard let next = self.lexer.next else { throw self.lexer.failure("the text ends early") }
        switch next {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.array(depth: depth)
        case UInt8(ascii: "\""):
            guard let value = Tree.string(bytes: try self.lexer.string()) else {
                throw self.lexer.failure("a string is not UTF-8")
            }
            return value
        case UInt8(ascii: "t"): return try self.literal("true", .truth(true))
        case UInt8(ascii: "f"): return try self.literal("false", .truth(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard let value = Tree.number(text: try self.lexer.number()) else {
                throw self.lexer.failure("a number that is too long")
            }
            return value
        default: throw self.lexer.failure("expected a value")
        }
    }

    private mutating func literal<Tree: JSONTree>(_ text: String, _ value: Tree) throws(JSONSyntaxError) -> Tree {
        for byte in text.utf8 { try self.lexer.expect(byte) }
        return value
    }

    private mutating func object<Tree: JSONTree>(depth: Int) throws(JSONSyntaxError) -> Tree {
        try self.lexer.expect(UInt8(ascii: "{"))
        var members: [(name: String, value: Tree)] = []
        self.lexer.skipBlanks()
        if !self.lexer.take(UInt8(ascii: "}")) {
            repeat {
                self.lexer.skipBlanks()
                guard let name = String(validating: try self.lexer.string(), as: UTF8.self) else {
                    throw self.lexer.failure("a name is not UTF-8")
                }
                self.lexer.skipBlanks()
                try self.lexer.expect(UInt8(ascii: ":"))
                members.append((name: name, value: try self.value(depth: depth + 1)))
                self.lexer.skipBlanks()
            } while self.lexer.take(UInt8(ascii: ","))
            try self.lexer.expect(UInt8(ascii: "}"))
        }
        guard let value = Tree.object(named: members) else { throw self.lexer.failure("a name is repeated") }
        return value
    }

    private mutating func array<Tree: JSONTree>(depth: Int) throws(JSONSyntaxError) -> Tree {
        try self.lexer.expect(UInt8(ascii: "["))
        var elements: [Tree] = []
        self.lexer.skipBlanks()
        if self.lexer.take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try self.value(depth: depth + 1))
            self.lexer.skipBlanks()
        } while self.lexer.take(UInt8(ascii: ","))
        try self.lexer.expect(UInt8(ascii: "]"))
        return .array(elements)
    }
}

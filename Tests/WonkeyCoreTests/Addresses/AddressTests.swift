import Testing
import WonkeyCore

@Suite("Addresses")
struct AddressTests {
    @Test(
        "an address is read strictly and written canonically",
        arguments: [
            ("192.0.2.1", "192.0.2.1" as String?), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("1::", "1::"), ("1:0:2::", "1:0:2::"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
            ("1.2.3", nil), ("1.2.3.256", nil), ("01.2.3.4", nil), ("0x7f.0.0.1", nil), ("1.2.3.4.5", nil), ("", nil),
            ("1:2:3:4:5:6:7", nil), ("1::2::3", nil), ("1:2:3:4:5:6:7:8:9", nil), (":::", nil), ("::12345", nil),
            ("fe80::1%eth0", nil), ("[::1]", nil), ("1.2.3.4::", nil), ("::1.2.3", nil), ("1:2:3:4:5:6:7:8::", nil),
            ("+1.2.3.4", nil), (" 1.2.3.4", nil),
        ]
    )
    func addresses(text: String, canonical: String?) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(
        "a range holds the addresses whose leading bits agree",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "1.2.3.4", true),
            ("192.0.2.128/25", "192.0.2.200", true), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::", false),
        ]
    )
    func ranges(range: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(IPAddress(address))
        #expect(range.contains(address) == isInside)
    }

    @Test(
        "what is no range is refused",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "10.0.0.0/08", "10.0.0.0/-1", "a/8",
            "1.2.3.4/1/2",
        ]
    )
    func notRanges(text: String) {
        #expect(AddressRange(text) == nil)
    }
}

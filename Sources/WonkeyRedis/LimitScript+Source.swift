/// The text of the scripts: ``LimitArithmetic`` in Lua, line for line.
///
/// Stored is the algorithm's letter and two or three integers, so that a counter whose algorithm changed starts anew.
/// Numbers are written with `%.0f`, since Lua's own conversion turns to exponents above 10^14.
extension LimitScript {
    static let redisClock = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        """

    /// Builds a script with another clock; tests hold the clock, production does not.
    ///
    /// - Parameters:
    ///   - now: Lua statements that define `now` in milliseconds.
    ///   - keepMs: Lua expression for a key's time to live; may use `lifetime`.
    /// - Returns: The script.
    func source(now: String, keepMs: String) -> String {
        let body =
            switch self {
            case .take: Self.takeBody
            case .giveBack: Self.giveBackBody
            }
        let save = Self.save.replacing("$KEEP", with: keepMs)
        return ["-- wonkey \(self) 1", now, Self.divide, Self.roll, save, body].joined(separator: "\n")
    }

    /// `factor * part / whole` rounded down, and the remainder, by digits where the product leaves 2^53.
    private static let divide = """
        local digits = {68719476736, 16777216, 4096, 1}
        local function divide(factor, part, whole)
          local product = factor * part
          if product < 9007199254740992 then
            local rest = product % whole
            return (product - rest) / whole, rest
          end
          local quotient, rest = 0, 0
          for i = 1, 4 do
            product = rest * 4096 + math.floor(factor / digits[i]) % 4096 * part
            rest = product % whole
            quotient = quotient * 4096 + (product - rest) / whole
          end
          return quotient, rest
        end
        """

    /// The content of a counter at `now`: f used, start; s current, previous, start; t tokens, fraction, at.
    private static let roll = """
        local pattern = {f = '^f (%d+) (%d+)$', s = '^s (%d+) (%d+) (%d+)$', t = '^t (%d+) (%d+) (%d+)$'}
        local function roll(c, value)
          local x, y, z = string.match(value or '', pattern[c.algorithm])
          x, y, z = tonumber(x), tonumber(y), tonumber(z)
          local limit, window = c.limit, c.window
          c.exists = x ~= nil
          if c.algorithm == 'f' then
            if not x or now - y >= window then x, y = 0, now end
            c.elapsed = math.max(0, now - y)
            c.used = x
          elseif c.algorithm == 's' then
            local start = now - now % window
            if not x then
              x, y, z = 0, 0, start
            elseif z < start then
              if z >= start - window then y = x else y = 0 end
              x, z = 0, start
            end
            c.elapsed = math.max(0, now - z)
            local weight, rest = divide(y, window - c.elapsed, window)
            if rest > 0 then weight = weight + 1 end
            c.weight = weight
            c.used = x + weight
          else
            if not x or now - z >= window then
              x, y, z = limit, 0, now
            else
              local gain, rest = divide(limit, math.max(0, now - z), window)
              x, y, z = x + gain, math.min(y, window - 1) + rest, math.max(now, z)
              if y >= window then x, y = x + 1, y - window end
              if x >= limit then x, y = limit, 0 end
            end
            c.used = limit - x
          end
          c.x, c.y, c.z = x, y, z
          return c
        end
        local function counter(i)
          local j = 4 * i
          return {algorithm = ARGV[j - 3], limit = tonumber(ARGV[j - 2]), window = tonumber(ARGV[j - 1]),
            cost = tonumber(ARGV[j])}
        end
        """

    private static let save = """
        local function save(key, c)
          local text, lifetime
          if c.algorithm == 'f' then
            text, lifetime = string.format('f %.0f %.0f', c.x, c.y), c.window - c.elapsed
          elseif c.algorithm == 's' then
            text, lifetime = string.format('s %.0f %.0f %.0f', c.x, c.y, c.z), 2 * c.window - c.elapsed
          else
            text, lifetime = string.format('t %.0f %.0f %.0f', c.x, c.y, c.z), c.window
          end
          redis.call('SET', key, text, 'PX', string.format('%.0f', $KEEP))
        end
        """

    private static let takeBody = """
        local values = redis.call('MGET', unpack(KEYS))
        local counters, admitted = {}, 1
        for i = 1, #KEYS do
          local c = roll(counter(i), values[i])
          c.fits = c.cost == 0 or c.used + c.cost <= c.limit
          if not c.fits then admitted = 0 end
          counters[i] = c
        end
        local function fall(count, weight, window)
          return window - divide(window, weight, count)
        end
        local function wait(c, tokens)
          local whole, rest = divide(c.window, tokens - c.x, c.limit)
          return whole + math.ceil((rest - c.y) / c.limit)
        end
        local answer = {admitted}
        for i = 1, #KEYS do
          local c = counters[i]
          if admitted == 1 and c.cost > 0 then
            if c.algorithm == 't' then c.x = c.x - c.cost else c.x = c.x + c.cost end
            c.used = c.used + c.cost
            save(KEYS[i], c)
          end
          local reset, retry = 0, 0
          if c.limit == 0 then
            reset, retry = c.window, c.window
          elseif c.algorithm == 'f' then
            if c.used > 0 then reset = c.window - c.elapsed end
            retry = reset
          elseif c.algorithm == 's' then
            if c.weight > 0 then
              reset = fall(c.y, c.weight - 1, c.window) - c.elapsed
            elseif c.x > 0 then
              reset = c.window - c.elapsed + fall(c.x, c.x - 1, c.window)
            end
            local room = c.limit - c.cost
            if not c.fits and room >= 0 then
              if c.x <= room then
                retry = fall(c.y, room - c.x, c.window) - c.elapsed
              else
                retry = c.window - c.elapsed + fall(c.x, room, c.window)
              end
            end
          else
            if c.x < c.limit then reset = wait(c, c.x + 1) end
            if not c.fits and c.cost <= c.limit then retry = wait(c, c.cost) end
          end
          if c.fits then retry = 0 elseif c.cost > c.limit then retry = c.window end
          local j = 3 * i
          answer[j - 1], answer[j], answer[j + 1] = math.max(0, c.limit - c.used), reset, retry
        end
        return answer
        """

    private static let giveBackBody = """
        local values = redis.call('MGET', unpack(KEYS))
        local written = 0
        for i = 1, #KEYS do
          local c = roll(counter(i), values[i])
          if c.exists and c.cost > 0 then
            if c.algorithm == 'f' then
              c.x = c.x - math.min(c.x, c.cost)
            elseif c.algorithm == 's' then
              local fromCurrent = math.min(c.x, c.cost)
              c.x, c.y = c.x - fromCurrent, c.y - math.min(c.y, c.cost - fromCurrent)
            elseif c.x + c.cost >= c.limit then
              c.x, c.y = c.limit, 0
            else
              c.x = c.x + c.cost
            end
            save(KEYS[i], c)
            written = written + 1
          end
        end
        return written
        """
}

// A learning predictor beside a sample source: every strobe of `sample_valid` brings a sample, and the
// answer the network should give to it; some clocks later its own answer comes with `answer_valid`.
//
// For a network of one input and one output. A processor loads it through the AXI4-Lite ports and
// reads back what was learned; set bit 1 (live) of register `control`, so that a sample that finds no
// room is counted and dropped: this source cannot wait.

module learner (
    input  wire               clk,
    input  wire               rst_n,

    input  wire               sample_valid,
    input  wire signed [17:0] sample,        // 15 fractional bits: 32768 is 1.0
    input  wire signed [17:0] wanted,
    input  wire               learn,         // 0: only listen

    output reg                answer_valid,
    output reg  signed [17:0] answer,
    output wire               trouble,       // the core's interrupt

    input  wire        [25:0] s_axi_awaddr,
    input  wire         [2:0] s_axi_awprot,
    input  wire               s_axi_awvalid,
    output wire               s_axi_awready,
    input  wire        [31:0] s_axi_wdata,
    input  wire         [3:0] s_axi_wstrb,
    input  wire               s_axi_wvalid,
    output wire               s_axi_wready,
    output wire         [1:0] s_axi_bresp,
    output wire               s_axi_bvalid,
    input  wire               s_axi_bready,
    input  wire        [25:0] s_axi_araddr,
    input  wire         [2:0] s_axi_arprot,
    input  wire               s_axi_arvalid,
    output wire               s_axi_arready,
    output wire        [31:0] s_axi_rdata,
    output wire         [1:0] s_axi_rresp,
    output wire               s_axi_rvalid,
    input  wire               s_axi_rready
);
    // A frame has three words: neuromodulator and flags, the input, what is wanted and how.
    localparam [17:0] FULL_RATE = 18'd16384;             // m = 1.0, 14 fractional bits
    localparam  [5:0] LISTEN = 6'd2, LEARN = 6'd19;      // integrate; learn + integrate + noise
    localparam  [1:0] NONE = 2'd0, TARGET = 2'd1;

    reg         busy;
    reg   [1:0] place;
    reg  [17:0] held_sample, held_wanted;
    reg         held_learn;

    wire [31:0] frame_data = place == 0 ? {8'd0, held_learn ? LEARN : LISTEN, FULL_RATE}
                           : place == 1 ? {14'd0, held_sample}
                           : {12'd0, held_learn ? TARGET : NONE, held_wanted};
    wire        frame_ready;
    wire        frame_last = place == 2;

    always @(posedge clk)
        if (!rst_n) begin
            busy <= 1'b0;
            place <= 2'd0;
        end else if (!busy) begin
            busy <= sample_valid;
            held_sample <= sample;
            held_wanted <= wanted;
            held_learn <= learn;
        end else if (frame_ready) begin
            busy <= !frame_last;
            place <= frame_last ? 2'd0 : place + 2'd1;
        end

    // A result has two: the output, then its error. The first one is the answer.
    wire [31:0] result_data;
    wire        result_valid, result_last;

    always @(posedge clk) begin
        answer_valid <= rst_n && result_valid && !result_last;
        if (result_valid && !result_last)
            answer <= result_data[17:0];
    end

    vle_core core (
        .aclk(clk), .aresetn(rst_n), .interrupt(trouble),
        .s_axis_tdata(frame_data), .s_axis_tvalid(busy), .s_axis_tready(frame_ready),
        .s_axis_tlast(frame_last),
        .m_axis_tdata(result_data), .m_axis_tvalid(result_valid), .m_axis_tready(1'b1),
        .m_axis_tlast(result_last),
        .s_axi_awaddr(s_axi_awaddr), .s_axi_awprot(s_axi_awprot), .s_axi_awvalid(s_axi_awvalid),
        .s_axi_awready(s_axi_awready), .s_axi_wdata(s_axi_wdata), .s_axi_wstrb(s_axi_wstrb),
        .s_axi_wvalid(s_axi_wvalid), .s_axi_wready(s_axi_wready), .s_axi_bresp(s_axi_bresp),
        .s_axi_bvalid(s_axi_bvalid), .s_axi_bready(s_axi_bready), .s_axi_araddr(s_axi_araddr),
        .s_axi_arprot(s_axi_arprot), .s_axi_arvalid(s_axi_arvalid),
        .s_axi_arready(s_axi_arready), .s_axi_rdata(s_axi_rdata), .s_axi_rresp(s_axi_rresp),
        .s_axi_rvalid(s_axi_rvalid), .s_axi_rready(s_axi_rready)
    );
endmodule
